from datetime import datetime, timedelta

import polars as pl
import pytest

from keepfit.config.schema.gate import Gate, Seasonal
from keepfit.errors import UserError
from keepfit.evaluate.baseline import baseline_of, naive


def test_numbers_are_answered_with_their_mean():
    answer = naive(pl.Series("fare", [1, 2, 6]), 4, "regression")
    assert answer.values.to_list() == [3.0] * 4
    assert answer.values.dtype == pl.Float64
    assert answer.probabilities is None


@pytest.mark.parametrize(
    ("labels", "classes", "most"),
    [
        (["b", "a", "b", "c"], ("a", "b", "c"), "b"),
        ([True, False, False, False], (False, True), False),
        ([3, 1, 3, 1], (1, 3), 1),
    ],
)
def test_classes_are_answered_with_their_shares(labels, classes, most):
    answer = naive(pl.Series("count", labels), 2, "classification")
    shares = [labels.count(label) / len(labels) for label in classes]
    assert answer.classes == classes
    assert answer.values.to_list() == [most, most]
    assert answer.probabilities.tolist() == [shares, shares]


def test_no_rows_are_answered_with_nothing():
    answer = naive(pl.Series(["a", "b"]), 0, "classification")
    assert answer.values.len() == 0
    assert answer.probabilities.shape == (0, 2)


def hours(*numbers):
    start = datetime(2024, 1, 1)  # noqa: DTZ001 naive UTC is the one clock
    return [start + timedelta(hours=number) for number in numbers]


def seasonal(train, rows, *, span="7 days", by=()):
    gate = Gate(baseline=Seasonal(seasonal=span, by=by))
    return baseline_of(gate, train, rows, "sold", "regression", "at")


def test_a_season_ago_is_the_answer_and_two_seasons_ago_where_one_is_not_known():
    train = pl.DataFrame({"at": hours(0, 1, 2, 168), "sold": [10, 11, 12, 20]})
    rows = pl.DataFrame({"at": hours(336, 337, 338)})
    found = seasonal(train, rows)
    assert found.said.values.to_list() == [20.0, 11.0, 12.0]
    assert found.said.values.dtype == pl.Float64
    assert found.told == "seasonal, 7 days"


def test_each_store_has_its_own_seasons_and_rows_of_one_moment_are_averaged():
    train = pl.DataFrame(
        {"at": hours(0, 0, 0, 5), "store": ["a", "b", "b", None], "sold": [1, 10, 30, 7]}
    )
    rows = pl.DataFrame({"at": hours(168, 168, 173), "store": ["b", "a", None]})
    found = seasonal(train, rows, by=("store",))
    assert found.said.values.to_list() == [20.0, 1.0, 7.0]
    assert found.told == "seasonal, 7 days by store"


def test_rows_without_a_season_before_them_get_the_mean_and_are_counted():
    train = pl.DataFrame({"at": hours(0, 1, 2), "store": ["a", "a", "b"], "sold": [1, 3, 8]})
    rows = pl.DataFrame({"at": hours(400, 401), "store": ["a", "c"]})
    found = seasonal(train, rows, by=("store",))
    assert found.said.values.to_list() == [2.0, 4.0]
    assert found.told == "seasonal, 7 days by store; 2 rows have none before them and got the mean"


def test_a_month_ago_is_the_same_day_of_the_month_before():
    at = [datetime(2024, month, 15) for month in (1, 2)]  # noqa: DTZ001
    train = pl.DataFrame({"at": at, "sold": [5, 6]})
    rows = pl.DataFrame({"at": [datetime(2024, 3, 15)]})  # noqa: DTZ001
    assert seasonal(train, rows, span="1 month").said.values.to_list() == [6.0]


def test_a_gate_that_says_nothing_of_it_has_the_constant_one():
    train, rows = pl.DataFrame({"sold": [1, 3]}), pl.DataFrame({"sold": [0, 0]})
    found = baseline_of(Gate(), train, rows, "sold", "regression", None)
    assert found.said.values.to_list() == [2.0, 2.0]
    assert found.told is None


@pytest.mark.parametrize(
    ("task", "time", "lacks"),
    [("classification", "at", "a number as target"), ("regression", None, "data.time")],
)
def test_a_season_needs_numbers_and_times(task, time, lacks):
    gate = Gate(baseline=Seasonal(seasonal="7 days"))
    rows = pl.DataFrame({"at": hours(0), "sold": [1]})
    with pytest.raises(UserError, match=f"seasonal, which needs {lacks}"):
        baseline_of(gate, rows, rows, "sold", task, time)
