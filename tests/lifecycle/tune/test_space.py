"""What may be drawn for a parameter: within its ends, of its type, and the kind takes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from keepfit.config.schema.tune import Range, Tune
from keepfit.config.space import is_whole
from keepfit.kinds import params_of
from keepfit.lifecycle.tune.space import Choices, Span, drawn, grid, size_of_grid

ENDS = {  # params of kinds, and ends that they take
    "ridge": {"alpha": (0, 1e6)},
    "elastic-net": {"alpha": (0, 10), "l1_ratio": (0, 1), "max_iter": (1, 100)},
    "logistic": {"C": (1e-4, 1e4)},
    "catboost-regressor": {"depth": (1, 16), "learning_rate": (1e-3, 1), "rsm": (0.1, 1)},
    "lightgbm-classifier": {"num_leaves": (2, 500), "bagging_freq": (0, 9), "max_depth": (1, 20)},
    "hist-gradient-boosting-regressor": {"max_bins": (2, 255), "max_leaf_nodes": (2, 99)},
}


@st.composite
def spans(draw):
    whole = draw(st.booleans())
    ends = st.integers(1, 10**6) if whole else st.floats(1e-6, 1e6)
    low = draw(ends)
    high = low + draw(ends)
    assume(high > low)
    step = max(1, (high - low) // 7) if whole else (high - low) / 7
    how = draw(st.sampled_from([{}, {"log": True}, {"step": step}]))
    return Span("x", Range(low=low, high=high, **how), whole)


@given(spans(), st.integers(0, 10**6))
def test_what_is_drawn_lies_between_the_ends_and_is_whole_where_it_must_be(span, seed):
    low, high = span.range.low, span.range.high
    for value in [span.drawn(np.random.default_rng(seed)), *span.points()]:
        assert low <= value <= high
        assert isinstance(value, int if span.whole else float)


@given(spans())
def test_points_of_a_grid_are_different_and_hold_the_ends(span):
    points = span.points()
    assert len(points) == len(set(points)) >= 1
    assert list(points) == sorted(points)
    if not span.whole and not span.range.step:
        assert (points[0], points[-1]) == (float(span.range.low), float(span.range.high))


@given(st.sampled_from([(kind, name) for kind, ends in ENDS.items() for name in ends]), st.data())
def test_the_kind_takes_whatever_is_drawn_between_ends_that_it_takes(place, data):
    kind, name = place
    params, (low, high) = params_of(kind), ENDS[kind][name]
    span = Range(low=low, high=high, log=low > 0 and data.draw(st.booleans()))
    seed = data.draw(st.integers(0, 99))
    value = Span(name, span, is_whole(params, name, span)).drawn(np.random.default_rng(seed))
    assert getattr(params.model_validate({name: value}), name) == value


@pytest.mark.parametrize(
    ("kind", "name", "ends", "whole"),
    [
        ("ridge", "alpha", (1, 10), False),  # the kind says number, however the ends are written
        ("catboost-regressor", "depth", (2, 8), True),
        ("lightgbm-regressor", "max_depth", (2, 8), True),  # a number, or none
        ("sklearn", "max_depth", (2, 8), True),  # nobody says: as the ends are written
        ("sklearn", "alpha", (0.1, 8), False),
    ],
)
def test_numbers_are_whole_where_the_kind_says_so(kind, name, ends, whole):
    assert is_whole(params_of(kind), name, Range(low=ends[0], high=ends[1])) is whole


def test_a_log_range_has_as_many_small_values_as_large_ones():
    rng = np.random.default_rng(0)
    for whole in (False, True):
        span = Span("x", Range(low=1, high=10_000, log=True), whole)
        values = np.array([span.drawn(rng) for _ in range(4000)])
        assert 0.45 < (values <= 100).mean() < 0.55


def test_every_whole_number_is_as_likely_as_any_other():
    rng = np.random.default_rng(0)
    span = Span("x", Range(low=3, high=6), whole=True)
    counts = np.bincount([span.drawn(rng) for _ in range(8000)])
    assert (np.abs(counts[3:] - 2000) < 200).all()


def test_numbers_have_few_digits_so_that_what_is_pasted_is_what_was_tried():
    span = Span("x", Range(low=0.001, high=1000, log=True), whole=False)
    for seed in range(50):
        value = span.drawn(np.random.default_rng(seed))
        assert float(f"{value:.4g}") == value


def test_a_grid_has_every_combination_once():
    space = (
        Choices("a", ("x", "y")),
        Span("b", Range(low=1, high=3), whole=True),
        Span("c", Range(low=0.0, high=1.0, step=0.5), whole=False),
        Span("d", Range(low=0.01, high=100, log=True), whole=False),
    )
    every = list(grid(space))
    assert len(every) == size_of_grid(space) == 2 * 3 * 3 * 5
    assert len({tuple(each.items()) for each in every}) == len(every)
    assert {each["d"] for each in every} == {0.01, 0.1, 1.0, 10.0, 100.0}
    assert {each["c"] for each in every} == {0.0, 0.5, 1.0}


def test_a_draw_holds_a_value_for_each_parameter_and_the_same_seed_draws_the_same():
    space = (Choices("a", (True, 3, "x")), Span("b", Range(low=1, high=3), whole=False))
    one, other = (drawn(space, np.random.default_rng(5)) for _ in range(2))
    assert one == other
    assert one.keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"low": 2, "high": 1}, "is from 2 to 1; expected low below high"),
        ({"low": 0, "high": 1, "log": True}, "has log with low = 0; expected low above 0"),
        ({"low": 1, "high": 2, "log": True, "step": 1}, "has log and step"),
        ([1, 2, 1], "names 1 twice"),
    ],
)
def test_what_is_no_range_and_no_list_of_choices_is_told(given_, told):
    with pytest.raises(ValidationError, match=told):
        Tune.model_validate({"params": {"alpha": given_}})


def test_true_and_one_are_two_choices():
    assert Tune.model_validate({"params": {"a": [True, 1, 1.0]}}).params["a"] == (True, 1, 1.0)


def test_a_choice_may_be_a_list():
    choices = Tune.model_validate({"params": {"hidden": [[64, 32], [128], 64]}}).params["hidden"]
    assert choices == ((64, 32), (128,), 64)
