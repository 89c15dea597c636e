"""What rules hold the challenger against: the champion, the naive predictor, a version."""

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.gate import Gate, Rule
from keepfit.evaluate.baseline import naive
from keepfit.evaluate.compare import measure
from keepfit.evaluate.rules import Rival
from keepfit.kinds.base import Prediction
from keepfit.records.comparison import Side

ROWS = 300
PINNED = Side(digest="a" * 64, version="1.4.2-aff1242")


@pytest.fixture
def fares():
    rng = np.random.default_rng(1)
    truth = rng.normal(20, 5, ROWS)
    said = [Prediction(pl.Series(truth + rng.normal(0, spread, ROWS))) for spread in (1, 2, 3)]
    return pl.DataFrame({"fare": truth}), *said


def scores(fares, *rules, champion=True, rivals=None):
    rows, ours, theirs, _ = fares
    found = measure(
        rows,
        "fare",
        ours,
        theirs if champion else None,
        naive(rows["fare"], ROWS, "regression"),
        Gate(rules=rules),
        task="regression",
        seed=1,
        rivals=rivals,
    )
    return found.rules


def error_of(said, rows):
    return float((said.values - rows["fare"]).abs().mean())


@pytest.mark.parametrize("against", ["champion", "baseline"])
def test_both_sides_are_scored_on_every_row_with_an_interval(against, fares):
    rows, ours, theirs, _ = fares
    other = theirs if against == "champion" else naive(rows["fare"], ROWS, "regression")
    (found,) = scores(fares, Rule(metric="mae", min_gain=0.5, against=against))
    assert (found.metric, found.against, found.bound, found.rows) == ("mae", against, 0.5, ROWS)
    assert found.challenger == pytest.approx(error_of(ours, rows))
    assert found.other == pytest.approx(error_of(other, rows))
    assert found.comparison.low < found.comparison.gain < found.comparison.high


def test_a_drop_is_a_gain_below_zero_and_each_bound_is_measured_once(fares):
    found = scores(
        fares,
        Rule(metric="mae", max_drop=0.5, min_gain=0),
        Rule(metric="mae", max_drop=0.5, severity="warn"),
        Rule(metric="rmse", max=9),
    )
    assert [(one.metric, one.bound) for one in found] == [("mae", 0.0), ("mae", -0.5)]


def test_against_a_champion_that_is_not_there_nothing_is_measured(fares):
    rules = (Rule(metric="mae", max_drop=1), Rule(metric="mae", min_gain=1, against="baseline"))
    (found,) = scores(fares, *rules, champion=False)
    assert found.against == "baseline"


def test_a_version_is_scored_on_the_rows_that_it_has_not_learned_from(fares):
    rows, ours, _, pinned = fares
    fresh = np.arange(ROWS) >= 100
    rival = Rival(PINNED, pinned, fresh)
    rule = Rule(metric="mae", min_gain=0, against="1.4.2")
    (found,) = scores(fares, rule, rivals={"1.4.2": rival})
    assert (found.rows, found.learned, found.side) == (200, 100, PINNED)
    late = rows.slice(100)
    assert found.challenger == pytest.approx(error_of(Prediction(ours.values.slice(100)), late))
    assert found.other == pytest.approx(error_of(Prediction(pinned.values.slice(100)), late))
    assert found.comparison.rows == 200


@pytest.mark.parametrize(
    ("rival", "why"),
    [
        (None, "1.4.2 was not opened"),
        (Rival(error="version 1.4.2 was deleted"), "version 1.4.2 was deleted"),
        ("learned from all", "1.4.2 has learned from all 300 rows"),
    ],
)
def test_a_version_that_cannot_be_compared_says_why(rival, why, fares):
    if rival == "learned from all":
        rival = Rival(PINNED, fares[3], np.zeros(ROWS, dtype=bool))
    rule = Rule(metric="mae", min_gain=0, against="1.4.2")
    (found,) = scores(fares, rule, rivals={"1.4.2": rival} if rival else None)
    assert found.error == why
    assert found.comparison is None


def test_a_class_that_only_a_pinned_version_knows_changes_no_other_score(binary, said):
    rng = np.random.default_rng(2)
    truth = (rng.uniform(size=ROWS) < 0.4).astype(int)
    rows = pl.DataFrame({"late": truth})
    ours, theirs = (binary(np.clip(truth * 0.5 + rng.uniform(0, 0.5, ROWS), 0, 1)) for _ in "ab")
    third = said(rng.dirichlet([1, 1, 1], ROWS), (0, 1, 2))
    gate = Gate(metric="roc_auc", rules=(Rule(metric="log_loss", min_gain=0, against="1.4.2"),))
    rivals = {"1.4.2": Rival(PINNED, third, np.ones(ROWS, dtype=bool))}
    task = {"task": "classification", "seed": 1}
    with_it = measure(rows, "late", ours, theirs, None, gate, rivals=rivals, **task)
    without = measure(rows, "late", ours, theirs, None, gate, **task)
    assert with_it.scores == without.scores
    assert with_it.rules[0].comparison.low > 0
