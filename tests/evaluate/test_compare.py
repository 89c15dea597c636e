import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.gate import Gate, Rule
from keepfit.digest import canonical
from keepfit.errors import UnknownName
from keepfit.evaluate.baseline import naive
from keepfit.evaluate.compare import measure
from keepfit.evaluate.metrics import own


@pytest.fixture
def trips(values):
    rng = np.random.default_rng(1)
    km = rng.uniform(1, 20, 200)
    rows = pl.DataFrame(
        {"km": km, "fare": 3 * km + rng.normal(0, 1, 200), "town": ["a", "b"] * 100}
    )
    ours, theirs = values(3 * km), values(2.5 * km)
    return rows, ours, theirs, naive(rows["fare"], 200, "regression")


def measured(trips, gate=None, **more):
    rows, ours, theirs, base = trips
    return measure(
        rows, "fare", ours, theirs, base, gate or Gate(), task="regression", seed=1, **more
    )


def test_the_usual_metrics_are_reported_of_every_side(trips):
    found = measured(trips)
    assert [s.metric for s in found.scores] == ["mae", "rmse", "r2"]
    for one in found.scores:
        assert None not in (one.challenger, one.champion, one.baseline)
        assert one.error is None
    assert found.scores[2].baseline == pytest.approx(0)


def test_what_rules_and_gate_name_is_measured_once(trips):
    gate = Gate(metric="rmse", metrics=("smape", "mae"), rules=(Rule(metric="within-2", min=0.5),))
    found = measured(trips, gate)
    assert found.metric == found.comparison.metric == "rmse"
    assert [s.metric for s in found.scores] == ["rmse", "smape", "mae", "within-2", "r2"]


def test_the_better_side_gains(trips):
    found = measured(trips, Gate(slices=("town",)))
    assert found.comparison.low > 0
    assert found.comparison.gain == pytest.approx(
        found.scores[0].champion - found.scores[0].challenger
    )
    assert [s.value for s in found.slices] == ["a", "b"]
    assert all(s.comparison.low > 0 for s in found.slices)


def test_without_a_champion_there_is_no_comparison_and_no_error(trips):
    rows, ours, _, base = trips
    found = measure(rows, "fare", ours, None, base, Gate(), task="regression", seed=1)
    assert found.comparison is None
    assert found.comparison_error is None
    assert found.scores[0].champion is None


def test_a_side_that_cannot_be_measured_is_named_with_its_reason(trips, values):
    rows, ours, _, base = trips
    blind = values([None, *ours.values[1:]])
    found = measure(rows, "fare", ours, blind, base, Gate(), task="regression", seed=1)
    assert found.scores[0].challenger is not None
    assert found.scores[0].champion is None
    assert found.scores[0].error.startswith("champion: the prediction is None in row 1")
    assert found.comparison is None
    assert "the prediction is None in row 1" in found.comparison_error


def test_no_rows_give_no_figure_and_every_reason(trips):
    rows, ours, theirs, _ = trips
    none = [type(p)(p.values.head(0)) for p in (ours, theirs)]
    found = measure(
        rows.head(0), "fare", *none, None, Gate(slices=("town",)), task="regression", seed=1
    )
    assert found.rows == 0
    assert {s.challenger for s in found.scores} == {None}
    assert "there are no rows" in found.scores[0].error
    assert found.comparison is None
    assert found.comparison_error


def test_a_metric_of_the_users_own_can_be_the_gates(trips):
    def worst(truth, prediction):
        return np.abs(truth - prediction).max()

    found = measured(trips, Gate(metric="worst"), own={"worst": own("worst", worst, "lower")})
    assert found.comparison.method.startswith("paired bootstrap")
    assert found.comparison.gain > 0


def test_a_metric_of_the_users_own_that_raises_is_recorded(trips):
    def broken(truth, prediction):
        raise RuntimeError("no")

    found = measured(trips, Gate(metrics=("mine",)), own={"mine": own("mine", broken, "lower")})
    score = next(s for s in found.scores if s.metric == "mine")
    assert score.challenger is None
    assert "mine raised RuntimeError: no (test_compare.py:" in score.error


def test_an_unknown_metric_is_an_error_with_a_guess(trips):
    with pytest.raises(UnknownName, match="Did you mean `rmse`"):
        measured(trips, Gate(metric="rmsee"))


def test_a_metric_of_another_task_is_not_measured(trips):
    found = measured(trips, Gate(metric="log_loss"))
    assert found.scores[0].challenger is None
    assert "log_loss does not suit regression" in found.comparison_error


def test_a_class_that_the_champion_does_not_know_is_held_against_it(said):
    rows = pl.DataFrame({"y": ["a", "b", "c"] * 40})
    ours = said(np.tile(np.eye(3) * 0.7 + 0.1, (40, 1)), ("a", "b", "c"))
    theirs = said(np.tile([[0.8, 0.2], [0.2, 0.8], [0.5, 0.5]], (40, 1)), ("a", "b"))
    gate = Gate(metrics=("roc_auc", "brier", "f1"))
    found = measure(rows, "y", ours, theirs, None, gate, task="classification", seed=1)
    assert found.metric == "log_loss"
    assert found.comparison.low > 0
    for one in found.scores:
        assert one.error is None
        better = 1 if one.better == "higher" else -1
        assert better * (one.challenger - one.champion) > 0, one.metric


def test_a_class_that_only_the_champion_knows_costs_it_what_it_gave_it(said):
    rows = pl.DataFrame({"y": ["a", "b"] * 40})
    ours = said(np.tile([[0.6, 0.4], [0.4, 0.6]], (40, 1)), ("a", "b"))
    theirs = said(np.tile([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]], (40, 1)), ("a", "b", "z"))
    found = measure(rows, "y", ours, theirs, None, Gate(), task="classification", seed=1)
    assert found.comparison.gain == pytest.approx(0)
    assert found.scores[0].champion == pytest.approx(-np.log(0.6))


def test_two_classes_get_their_roc_curve(binary):
    rows = pl.DataFrame({"y": [False, True] * 30})
    answer = binary(np.linspace(0.1, 0.9, 60), (False, True))
    found = measure(rows, "y", answer, None, None, Gate(), task="classification", seed=1)
    assert [s.metric for s in found.scores] == ["log_loss", "accuracy", "roc_auc"]


def test_the_same_seed_measures_the_same_to_the_last_digit(trips):
    gate = Gate(metric="r2", slices=("town",))
    assert canonical(measured(trips, gate).slices) == canonical(measured(trips, gate).slices)
    assert canonical(measured(trips, gate).comparison) == canonical(
        measured(trips, gate).comparison
    )
