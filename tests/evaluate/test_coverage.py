"""The share of rows that are answered, whatever a model says when it is made to."""

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from keepfit.config.schema.gate import Benchmark, Gate, Rule
from keepfit.evaluate.baseline import naive
from keepfit.evaluate.compare import measure
from keepfit.evaluate.metrics import get
from keepfit.evaluate.sample import Codes, NotMeasurable, Sample
from keepfit.kinds.base import Prediction
from keepfit.kinds.texts.answers import LabelsFirst

LABELS = ("a", "b")
TRUTH = pl.Series("code", ["a", "b", "a", "b"])


def says(*labels, answers=None):
    said = Prediction(pl.Series(labels, dtype=pl.String), None, LABELS)
    return said if answers is None else said.answering(np.array(answers))


def coverage(said):
    return get("coverage").measure(TRUTH, said)


def test_a_row_counts_where_it_is_answered_right_or_wrong():
    assert coverage(says("a", "a", "a", "a")) == 1
    assert coverage(says("a", "b", None, "b")) == 0.75
    assert coverage(says("a", "b", "a", "b", answers=[True, False, False, True])) == 0.5
    assert coverage(says("a", None, "a", "b", answers=[True, True, False, True])) == 0.5


def test_what_is_refused_is_in_accuracy_as_what_would_have_been_said():
    willing, choosy = says("a", "b", "b", "a"), says("a", "b", "b", "a", answers=[1, 1, 0, 0])
    assert get("accuracy").measure(TRUTH, willing) == get("accuracy").measure(TRUTH, choosy) == 0.5


def test_accuracy_among_the_answered_is_another_metric():
    choosy = says("a", "b", "b", "a", answers=[True, True, False, True])
    assert get("selective_accuracy").measure(TRUTH, choosy) == pytest.approx(2 / 3)
    nobody = says("a", "b", "b", "a", answers=[False] * 4)
    with pytest.raises(NotMeasurable, match="not defined on these rows"):
        get("selective_accuracy").measure(TRUTH, nobody)


@pytest.mark.parametrize(
    "gate",
    [
        {"metric": "selective_accuracy"},
        {"rules": [{"metric": "selective_accuracy", "min": 0.9}]},
        {
            "metric": "selective_accuracy",
            "rules": [{"metric": "coverage", "min": 0.9, "severity": "warn"}],
        },
    ],
)
def test_no_gate_hangs_on_accuracy_among_the_answered_alone(gate):
    with pytest.raises(ValidationError, match="which a model raises by answering less"):
        Gate.model_validate(gate)
    rules = gate.get("rules", [])
    drop, least = ({"metric": "coverage", **bound} for bound in ({"max_drop": 0.01}, {"min": 0.9}))
    with pytest.raises(ValidationError, match=r"such as .* min = 0\.9"):
        Gate.model_validate(gate | {"rules": [*rules, drop]})  # it holds no first version
    Gate.model_validate(gate | {"rules": [*rules, least]})
    Gate(metrics=("selective_accuracy",))


def test_no_benchmark_is_won_by_answering_less():
    with pytest.raises(ValidationError, match="expected accuracy, for which every case is asked"):
        Benchmark(file="known.csv", metric="selective_accuracy", min=0.9)
    Benchmark(file="known.csv", metric="coverage", min=0.9)


def test_more_is_better_and_only_labels_have_it():
    assert get("coverage").gain(0.9, 0.8) == pytest.approx(0.1)
    assert get("coverage").tasks == ("classification",)
    assert get("coverage-80").tasks == ("regression",)
    with pytest.raises(NotMeasurable, match="3 predictions for 4 rows"):
        coverage(says("a", "b", None))


def test_rows_that_are_taken_keep_whether_they_are_answered():
    said = says("a", "b", "a", "b", answers=[True, False, True, False])
    assert said.only(np.array([False, True, True, True])).answered.tolist() == [False, True, False]
    order: Codes = np.array([3, 0, 0])
    taken = Sample(TRUTH, said, LABELS).take(order)
    assert get("coverage").of(taken) == pytest.approx(2 / 3)


def test_probabilities_that_nobody_asks_for_are_not_reckoned():
    def never():
        raise AssertionError("nobody asked")

    lazy = LabelsFirst(pl.Series(["a", "b", "a", "b"]), LABELS, never)
    said = lazy.answering(np.array([True, True, True, False]))
    assert coverage(said) == 0.75
    assert lazy.answered is None


def test_a_challenger_that_refuses_more_is_worse_by_so_much_and_in_its_slices():
    rows = pl.DataFrame({"code": ["a", "b"] * 500, "place": ["x"] * 500 + ["y"] * 500})
    labels = rows["code"].to_list()
    shy = says(*labels, answers=(np.arange(1000) < 900))
    gate = Gate(
        metric="coverage",
        slices=("place",),
        rules=(
            Rule(metric="coverage", min=0.95),
            Rule(metric="coverage", max_drop=0.05),
            Rule(metric="accuracy", max_drop=0.0),
        ),
    )
    base = naive(rows["code"], 1000, "classification")
    found = measure(rows, "code", shy, says(*labels), base, gate, task="classification", seed=1)
    assert found.comparison.gain == pytest.approx(-0.1)
    assert found.comparison.high < 0
    assert [one.comparison.gain for one in found.slices] == pytest.approx([0, -0.2])
    [score] = [one for one in found.scores if one.metric == "coverage"]
    assert (score.challenger, score.champion, score.baseline) == (0.9, 1, 1)
    [accuracy] = [one for one in found.scores if one.metric == "accuracy"]
    assert accuracy.challenger == accuracy.champion == 1
