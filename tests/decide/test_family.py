"""Several claims in one verdict: together they are wrong no more often than agreed."""

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.gate import Gate, Rule
from keepfit.decide.gate import judge
from keepfit.evaluate.compare import measure
from keepfit.kinds.base import Prediction

pytestmark = pytest.mark.slow

ROUNDS = 400
GATE = Gate(
    metric="mae",
    confidence=0.9,
    slices=("town", "km > 0"),
    rules=(Rule(metric="rmse", max_drop=0), Rule(metric="within-1", max_drop=0)),
)


def verdict(evidence, seed, gate, *, ours=1.0, theirs=1.0):
    """Of two sides whose errors are as large as told, in every town alike."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 5, 240)
    rows = pl.DataFrame(
        {"y": truth, "km": rng.normal(size=240), "town": rng.choice(list("abcd"), 240)}
    )
    sides = [Prediction(pl.Series(truth + rng.normal(0, s, 240))) for s in (ours, theirs)]
    found = measure(rows, "y", *sides, None, gate, task="regression", seed=seed)
    facts = {
        name: getattr(found, name)
        for name in ("metric", "rows", "scores", "comparison", "slices", "rules")
    }
    return judge(evidence(**facts), gate)


def test_of_two_equal_sides_luck_promotes_or_condemns_no_more_than_agreed(evidence):
    outcomes = [verdict(evidence, seed, GATE).outcome for seed in range(ROUNDS)]
    # 10 % of 400 is 40, and 3.3 deviations more are 60; half of each for either way of being wrong
    assert outcomes.count("pass") <= 34
    assert outcomes.count("fail") <= 34
    assert outcomes.count("pass") + outcomes.count("fail") <= 60


def test_a_better_side_is_condemned_for_a_slice_no_more_than_agreed(evidence):
    gate = GATE.model_copy(update={"rules": ()})
    outcomes = [verdict(evidence, seed, gate, theirs=1.6).outcome for seed in range(ROUNDS)]
    assert outcomes.count("pass") >= 0.9 * ROUNDS
    assert outcomes.count("fail") <= 34


@pytest.mark.parametrize("more", [(), ("town", "km > 0", "km < 1")])
def test_slices_cost_the_gain_nothing(more, evidence):
    gate = Gate(metric="mae", slices=more)
    (gain, *_) = verdict(evidence, 1, gate, theirs=1.2).reasons
    (alone, *_) = verdict(evidence, 1, Gate(metric="mae"), theirs=1.2).reasons
    assert gain.outcome == alone.outcome
