import polars as pl
import pytest

from keepfit.evaluate.baseline import naive


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
