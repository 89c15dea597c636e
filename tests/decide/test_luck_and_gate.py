"""Measured luck and the gate together: how often chance alone gets a challenger through."""

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.gate import Gate
from keepfit.decide.gate import judge
from keepfit.evaluate.compare import measure
from keepfit.kinds.base import Prediction

ROUNDS = 300


def outcome(evidence, seed, *, spread, gate):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 5, 80)
    rows = pl.DataFrame({"y": truth})
    ours, theirs = (Prediction(pl.Series(truth + rng.normal(0, s, 80))) for s in (1.0, spread))
    found = measure(rows, "y", ours, theirs, None, gate, task="regression", seed=seed)
    facts = {
        "metric": found.metric,
        "rows": found.rows,
        "scores": found.scores,
        "comparison": found.comparison,
        "comparison_error": found.comparison_error,
        "slices": found.slices,
    }
    return judge(evidence(**facts), gate).outcome


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_a_challenger_that_is_no_better_is_promoted_at_most_as_often_as_agreed(metric, evidence):
    gate = Gate(metric=metric, confidence=0.9)
    outcomes = [outcome(evidence, seed, spread=1.0, gate=gate) for seed in range(ROUNDS)]
    # 5 % of 300 is 15, and 3.3 deviations more are 28
    assert outcomes.count("pass") <= 28
    assert outcomes.count("inconclusive") >= 0.8 * ROUNDS


def test_a_challenger_that_is_much_better_is_promoted_nearly_always(evidence):
    outcomes = [outcome(evidence, seed, spread=2.0, gate=Gate()) for seed in range(60)]
    assert outcomes.count("pass") >= 57


def test_a_challenger_that_is_much_worse_fails_nearly_always(evidence):
    outcomes = [outcome(evidence, seed, spread=0.5, gate=Gate()) for seed in range(60)]
    assert outcomes.count("fail") >= 57
