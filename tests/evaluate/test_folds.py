"""A gain over folds: as sure as its rows allow, and no surer than its trainings agree."""

from __future__ import annotations

import numpy as np
import pytest

from keepfit.evaluate.folds import over_folds
from keepfit.records.comparison import Comparison

Z = 1.959964


def fold(gain, half=1.0, rows=100):
    return Comparison(
        metric="mae",
        gain=gain,
        low=gain - half,
        high=gain + half,
        confidence=0.95,
        method="",
        rows=rows,
    )


def test_one_fold_is_as_sure_as_it_is():
    assert over_folds([fold(2.0, 0.5)]) == pytest.approx((2.0, 1.5, 2.5))


def test_four_folds_that_agree_are_twice_as_sure_as_one():
    assert over_folds([fold(2.0)] * 4) == pytest.approx((2.0, 1.5, 2.5))


def test_each_row_counts_once():
    assert over_folds([fold(1.0, rows=300), fold(3.0, rows=100)]).gain == 1.5


def test_folds_that_differ_no_more_than_their_rows_explain_are_as_sure_as_folds_that_agree():
    agreed, close = over_folds([fold(2.0)] * 4), over_folds([fold(g) for g in (1.7, 2.3, 1.7, 2.3)])
    assert close == pytest.approx(agreed)


def test_folds_that_differ_by_more_make_the_interval_wider_on_both_sides():
    agreed, apart = over_folds([fold(2.0)] * 4), over_folds([fold(g) for g in (0, 4, -1, 5)])
    assert apart.gain == agreed.gain
    assert apart.low < agreed.low - 1
    assert apart.high > agreed.high + 1


@pytest.mark.parametrize("luck_of_training", [0.0, 0.5, 3.0])
def test_no_gain_is_called_one_for_sure_much_more_often_than_the_confidence_allows(
    luck_of_training,
):
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(2000):
        gains = rng.normal(scale=np.hypot(1.0, luck_of_training), size=5)
        wrong += over_folds([fold(gain, Z) for gain in gains]).low > 0
    # it should be 0.025; five folds tell little of how much trainings differ
    assert wrong / 2000 < 0.075
