"""keepfit tune: params that do better on folds of the training rows; the holdout is not touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import msgspec
import numpy as np

from keepfit.data.splitting.folds import Fold, is_in_time
from keepfit.digest import Digest, digest_of
from keepfit.errors import UserError
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.tune.bench import Bench
from keepfit.lifecycle.tune.kept import Kept
from keepfit.lifecycle.tune.paste import paste
from keepfit.lifecycle.tune.records import Cut, Tuned
from keepfit.lifecycle.tune.searches import Wanted, planned, runs
from keepfit.lifecycle.tune.space import space_of
from keepfit.lifecycle.tune.work import Work
from keepfit.train.recipe import environment

_FORMAT = 1  # of kept trials: rises when the same search would find others


def tune(
    model: Model,
    ports: Ports,
    *,
    written: Mapping[str, Any],
    fresh: bool = False,
    now: Callable[[], float] = monotonic,
) -> Tuned:
    """Candidates from the model's `tune`, each held against the file's own params on every fold.

    `written` are the params that the file says, as it spells them. A search that was stopped, by
    Ctrl-C or by `tune.timeout`, tells what it has; the same call goes on. UserError where the file
    says nothing to search, and what reading, checking and training with the file's params raise.
    """
    _refuse_nothing(model)
    bench = Bench.of(model, ports, model.spec.tune.metric)
    wanted = _wanted(model, bench)
    kept = Kept(model.root / ".keepfit" / "tune" / model.name, _name(bench, wanted), fresh=fresh)
    trials, stopped = Work(bench, wanted, kept, now).done()
    ports.say(model.name, "")
    found = Tuned(
        model=model.name,
        metric=bench.metric.name,
        better=bench.metric.better,
        search=model.spec.tune.search,
        how=_how(model),
        rows=len(bench.split.keys),
        cuts=tuple(_cut(fold) for fold in bench.folds),
        planned=planned(model.spec.tune.search, wanted),
        runs=runs(model.spec.tune.search, wanted),
        confidence=model.spec.gate.confidence,
        trials=trials,
        resumed=len(kept.trials),
        stopped=stopped,
    )
    best = next((one for one in found.ranked if (one.gain or 0.0) > 0), None)
    if best is None:
        return found
    toml = paste(model.name, {**written, **best.params})
    return msgspec.structs.replace(found, best=best.number, toml=toml)


def _wanted(model: Model, bench: Bench) -> Wanted:
    tune = model.spec.tune
    return Wanted(
        space=space_of(model),
        trials=tune.trials,
        seed=bench.seed,
        lower=bench.metric.better == "lower",
        base={name: model.spec.params.get(name) for name in tune.params},
        sampler=tune.sampler,
    )


def _name(bench: Bench, wanted: Wanted) -> Digest:
    """The digest of all that decides a trial: rows, folds, params, code, libraries, the search."""
    model, tune = bench.model, bench.model.spec.tune
    settings = msgspec.json.decode(tune.model_dump_json(exclude={"timeout"}))
    gate = [model.spec.gate.confidence, list(model.spec.gate.cluster)]
    return digest_of(
        {
            "format": _FORMAT,
            "rows": bench.rows,
            "model": model.training,
            "code": model.code.digest,
            "library": environment(model.spec.threads, model.root).lock_digest,
            "tune": settings,
            "metric": bench.metric.name,
            "seed": wanted.seed,
            "gate": gate,
        }
    )


def _cut(fold: Fold) -> Cut:
    learned, validation, judged = (
        int(np.count_nonzero(mask)) for mask in (fold.train, fold.validation, fold.judge)
    )
    return Cut(learned=learned, validation=validation, judged=judged)


def _how(model: Model) -> str:
    if is_in_time(model.spec):
        return "each judged by what was learned from older rows"
    if model.spec.split.group:
        return f"rows alike in {model.spec.split.group} in one fold"
    return "drawn at random"


def _refuse_nothing(model: Model) -> None:
    if model.spec.tune.params:
        return
    place = f"model.{model.name}.tune.params"
    raise UserError(
        f"{place} is empty: there is nothing to search",
        hint="name params and where to search, such as alpha = { low = 0.01, high = 100, "
        "log = true } or depth = [4, 6, 8]",
    )
