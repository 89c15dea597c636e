"""How candidates are found: each once, the same again, better ones where that can be learned."""

from __future__ import annotations

import pytest

from keepfit.config.schema.tune import Range
from keepfit.lifecycle.tune.records import Trial
from keepfit.lifecycle.tune.searches import SEARCHES, Wanted, planned, runs
from keepfit.lifecycle.tune.space import Choices, Span

SPACE = (
    Span("rate", Range(low=0.001, high=10, log=True), whole=False),
    Span("depth", Range(low=1, high=12), whole=True),
    Choices("how", ("plain", "ordered")),
)
BASE = {"rate": 0.1, "depth": 6, "how": "plain"}
HOWS = [*SEARCHES, "optuna by cma-es"]


def wanted(trials=20, seed=1, space=SPACE, how="random", *, lower=True):
    sampler = "cma-es" if "cma" in how else "tpe"
    return Wanted(space, trials, seed, lower, BASE, sampler)


def loss(params):
    """Least at rate 1, depth 3, ordered."""
    rate, depth = params.get("rate", 1), params.get("depth", 3)
    return (rate - 1) ** 2 / rate + abs(depth - 3) + (params.get("how") == "plain")


def through(how, asked, refuse=lambda _params: False):
    """Every candidate of a search with what came of it."""
    if "optuna" in how:
        pytest.importorskip("optuna")
        pytest.importorskip("cmaes")
    search, found = SEARCHES[how.partition(" ")[0]](asked), []
    candidate = next(search, None)
    while candidate is not None:
        score = None if refuse(candidate.params) else loss(candidate.params)
        score = -score if score is not None and not asked.lower else score
        outcome = "refused" if score is None else "scored"
        number = len(found) + 1
        trial = Trial(number=number, params=candidate.params, outcome=outcome, score=score)
        found.append((candidate, score))
        try:
            candidate = search.send(trial)
        except StopIteration:
            candidate = None
    return found


@pytest.mark.parametrize("how", HOWS)
def test_as_many_candidates_are_tried_as_were_asked_for_and_none_twice_on_as_many_rows(how):
    asked = wanted(how=how)
    found = through(how, asked)
    once = {(tuple(one.params.items()), one.share) for one, _ in found}
    assert len(once) == len(found) == runs(how.partition(" ")[0], asked)
    for one, _ in found:
        assert 0.001 <= one.params["rate"] <= 10
        assert one.params["depth"] in range(1, 13)
        assert one.params["how"] in ("plain", "ordered")


@pytest.mark.parametrize("how", HOWS)
def test_the_same_seed_and_the_same_outcomes_name_the_same_candidates(how):
    one, other = (through(how, wanted(seed=3, how=how)) for _ in range(2))
    assert one == other
    assert one != through(how, wanted(seed=4, how=how))


@pytest.mark.parametrize("how", HOWS)
def test_a_search_goes_on_past_candidates_that_are_refused(how):
    found = through(how, wanted(how=how), refuse=lambda params: params["depth"] > 6)
    assert any(score is None for _, score in found)
    assert any(score is not None for _, score in found[-5:])


@pytest.mark.parametrize("how", HOWS)
def test_a_small_space_is_tried_whole_and_then_the_search_ends(how):
    space = (Choices("how", ("plain", "ordered")), Span("depth", Range(low=5, high=6), whole=True))
    asked = Wanted(space, 50, 1, True, {"how": "plain", "depth": 6}, wanted(how=how).sampler)
    found = through(how, asked)
    assert {tuple(one.params.items()) for one, _ in found} >= {
        (("how", "plain"), ("depth", 5)),
        (("how", "ordered"), ("depth", 5)),
        (("how", "ordered"), ("depth", 6)),
    }
    assert len(found) <= 8


@pytest.mark.parametrize("lower", [True, False])
def test_halving_goes_on_with_the_best_third_on_three_times_the_rows(lower):
    found = through("halving", wanted(trials=18, lower=lower))
    shares = [one.share for one, _ in found]
    assert [(share, shares.count(share)) for share in sorted(set(shares))] == [
        (1 / 9, 18),
        (1 / 3, 6),
        (1.0, 2),
    ]
    first = sorted((loss(one.params) for one, _ in found[:18]))
    assert sorted(loss(one.params) for one, _ in found[18:24]) == first[:6]
    assert sorted(loss(one.params) for one, _ in found[24:]) == first[:2]


@pytest.mark.parametrize("lower", [True, False])
def test_optuna_learns_from_what_came_before(lower):
    found = through("optuna", wanted(trials=60, lower=lower))
    losses = [loss(one.params) for one, _ in found]
    assert sum(losses[-20:]) < sum(losses[:20]) / 2


def test_of_a_grid_that_is_too_large_some_are_drawn_each_once():
    asked = wanted(trials=None)
    assert planned("grid", asked) == 5 * 5 * 2 - 1  # the file has one of them
    assert len(through("grid", asked)) == 49
    some = through("grid", wanted(trials=12))
    assert len(some) == len({tuple(one.params.items()) for one, _ in some}) == 12


def test_the_file_s_own_params_are_no_candidate():
    space = (Choices("how", ("plain", "ordered")),)
    for how in ("random", "grid", "halving"):
        asked = Wanted(space, 9, 1, True, {"how": "plain"})
        assert {one.params["how"] for one, _ in through(how, asked)} == {"ordered"}


@pytest.mark.parametrize("how", HOWS)
def test_choices_may_be_lists(how):
    space = (Choices("hidden", ([64], [32, 16], [])), Choices("dropout", (0.0, 0.5)))
    asked = Wanted(space, 9, 1, True, {"hidden": [64], "dropout": 0.0}, wanted(how=how).sampler)
    assert {str(one.params["hidden"]) for one, _ in through(how, asked)} == {
        "[64]",
        "[32, 16]",
        "[]",
    }
