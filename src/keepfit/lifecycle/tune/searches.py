"""How candidates are found. A search is told what came of each before it names the next, so that
one that was stopped goes on by being told again."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepfit.digest import Digest, digest_of
from keepfit.errors import NotInstalled
from keepfit.lifecycle.tune.records import Trial
from keepfit.lifecycle.tune.space import Choices, Space, Span, drawn, grid, size_of_grid

TRIALS = 30
FACTOR = 3  # of a round of halving, one in so many goes on, with so many times the rows
ROUNDS = 3
_TRIES = 100  # to draw what was not drawn before


@dataclass(frozen=True, slots=True)
class Candidate:
    """Params to be tried, on a share of the rows to learn from."""

    params: dict[str, Any]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched."""

    space: Space
    trials: int | None
    seed: int
    lower: bool  # whether less is better
    base: dict[str, Any]  # what the file says of the same params
    sampler: str = "tpe"


Search = Generator[Candidate, Trial, None]


def planned(how: str, wanted: Wanted) -> int:
    """How many candidates a search looks at, at most."""
    if how == "grid":
        own = all(wanted.base[each.name] in each.points() for each in wanted.space)
        size = size_of_grid(wanted.space) - own
        return min(size, wanted.trials or size)
    return wanted.trials or TRIALS


def runs(how: str, wanted: Wanted) -> int:
    """How many trials it takes, at most; in halving a candidate is tried up to three times."""
    count = planned(how, wanted)
    if how != "halving":
        return count
    return sum(math.ceil(count / FACTOR**number) for number in range(_rounds(count)))


def at_random(wanted: Wanted) -> Search:
    """Every one drawn on its own."""
    for params in _different(wanted, planned("random", wanted)):
        yield Candidate(params)


def by_grid(wanted: Wanted) -> Search:
    """Every combination; of too many some, drawn at random."""
    count = planned("grid", wanted)
    every = planned("grid", replace(wanted, trials=None))
    chosen = set(np.random.default_rng(wanted.seed).permutation(every)[:count].tolist())
    others = (params for params in grid(wanted.space) if params != wanted.base)
    for place, params in enumerate(others):
        if place in chosen:
            yield Candidate(params)


def by_halving(wanted: Wanted) -> Search:
    """Successive halving: many on few rows, the best third of them on three times as many.

    Jamieson and Talwalkar (2016), Non-stochastic best arm identification.
    """
    candidates = list(_different(wanted, planned("halving", wanted)))
    for left in reversed(range(_rounds(len(candidates)))):
        found: list[tuple[float, int, dict[str, Any]]] = []
        for params in candidates:
            trial = yield Candidate(params, FACTOR**-left)
            if trial.score is not None:
                found.append((trial.score if wanted.lower else -trial.score, len(found), params))
        candidates = [params for *_, params in sorted(found)[: math.ceil(len(found) / FACTOR)]]


def _rounds(candidates: int) -> int:
    return min(ROUNDS, 1 + round(math.log(max(1, candidates), FACTOR)))


def by_optuna(wanted: Wanted) -> Search:
    """What a sampler of optuna asks for, given what came of all before."""
    study, space = _study(wanted)
    known: dict[Digest, float | None] = {}
    for _ in range(planned("optuna", wanted)):
        for _ in range(_TRIES):
            asked = study.ask(space)
            params = {each.name: _tidy(each, asked.params[each.name]) for each in wanted.space}
            name = digest_of(params)
            if name not in known:
                break
            _tell(study, asked, known[name])
        else:
            return
        trial = yield Candidate(params)
        known[name] = trial.score
        _tell(study, asked, trial.score)


SEARCHES: dict[str, Callable[[Wanted], Search]] = {
    "random": at_random,
    "grid": by_grid,
    "halving": by_halving,
    "optuna": by_optuna,
}


def _different(wanted: Wanted, count: int) -> Iterator[dict[str, Any]]:
    """So many draws, none twice and none as the file has it; fewer where there are not so many."""
    rng = np.random.default_rng(wanted.seed)
    seen = {digest_of(wanted.base)}
    for _ in range(count):
        for _ in range(_TRIES):
            params = drawn(wanted.space, rng)
            if (name := digest_of(params)) not in seen:
                break
        else:
            return
        seen.add(name)
        yield params


def _study(wanted: Wanted) -> tuple[Any, dict[str, Any]]:
    optuna = _module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if wanted.sampler == "cma-es":
        _module("cmaes")  # which optuna asks for in the middle of a search
        sampler = optuna.samplers.CmaEsSampler(seed=wanted.seed, warn_independent_sampling=False)
    else:
        sampler = optuna.samplers.TPESampler(seed=wanted.seed)
    direction = "minimize" if wanted.lower else "maximize"
    study = optuna.create_study(direction=direction, sampler=sampler)
    return study, {each.name: _distribution(each, optuna.distributions) for each in wanted.space}


def _distribution(each: Choices | Span, of: Any) -> Any:
    if isinstance(each, Choices):
        return of.CategoricalDistribution(range(len(each.values)))  # it knows no lists
    span = each.range
    if each.whole:
        return of.IntDistribution(
            math.ceil(span.low), math.floor(span.high), log=span.log, step=int(span.step or 1)
        )
    high = each.points()[-1] if span.step else span.high
    return of.FloatDistribution(float(span.low), float(high), log=span.log, step=span.step)


def _tidy(each: Choices | Span, value: Any) -> Any:
    return each.values[value] if isinstance(each, Choices) else each.tidy(value)


def _tell(study: Any, asked: Any, score: float | None) -> None:
    if score is None:
        study.tell(asked, state=_module("optuna.trial").TrialState.FAIL)
    else:
        study.tell(asked, score)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotInstalled('search = "optuna"', "optuna") from error
