import numpy as np
import polars as pl
import pytest

from keepfit.evaluate.metrics import own
from keepfit.evaluate.sample import NotMeasurable
from keepfit.kinds.base import Prediction

TRUTH = pl.Series([1.0, 2.0, 4.0])
ANSWER = Prediction(pl.Series([1.0, 3.0, 2.0]))


def bias(truth, prediction):
    return np.mean(prediction - truth)


def dear_rows_count_double(truth, prediction, rows):
    return float(np.average(np.abs(truth - prediction), weights=rows["price"].to_numpy()))


def broken(truth, prediction):
    return truth["no such thing"]


def wordy(truth, prediction):
    return "good"


def endless(truth, prediction):
    return float("inf")


def careless(truth, prediction):
    truth[:] = 0
    return float(prediction.sum())


def test_a_function_of_two_gets_arrays_in_the_order_of_the_rows():
    assert own("bias", bias, "lower").measure(TRUTH, ANSWER) == pytest.approx(-1 / 3)


def test_a_function_of_three_gets_the_rows_too():
    metric = own("dear", dear_rows_count_double, "lower")
    rows = pl.DataFrame({"price": [1.0, 2.0, 1.0]})
    assert metric.measure(TRUTH, ANSWER, rows) == pytest.approx((0 + 2 * 1 + 2) / 4)


def test_rows_hold_the_probabilities_where_there_are_any(binary):
    def mean_chance_of_yes(truth, prediction, rows):
        return rows["probability_yes"].mean()

    metric = own("chance", mean_chance_of_yes, "higher")
    truth = pl.Series(["yes", "no"])
    answer = binary([0.75, 0.25], ("no", "yes"))
    assert metric.measure(truth, answer, truth.to_frame("answer")) == 0.5


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (broken, r"own raised IndexError: .* \(test_own\.py:\d+\)"),
        (wordy, r"own gave 'good'; expected a finite number \(test_own\.py:\d+\)"),
        (endless, r"own gave inf; expected a finite number \(test_own\.py:\d+\)"),
        (dear_rows_count_double, "asks for the rows, and there are none at hand"),
    ],
)
def test_what_it_cannot_answer_is_not_measurable_with_its_place(function, reason):
    with pytest.raises(NotMeasurable, match=reason):
        own("own", function, "lower").measure(TRUTH, ANSWER)


def test_the_place_is_the_line_that_raised():
    line = broken.__code__.co_firstlineno + 1
    with pytest.raises(NotMeasurable, match=rf"test_own\.py:{line}\)"):
        own("own", broken, "lower").measure(TRUTH, ANSWER)


def test_a_function_that_writes_on_its_arrays_spoils_nothing():
    metric = own("careless", careless, "lower")
    assert metric.measure(TRUTH, ANSWER) == metric.measure(TRUTH, ANSWER) == 6.0
    assert TRUTH.to_list() == [1.0, 2.0, 4.0]


def test_a_direction_is_kept():
    assert own("bias", bias, "higher").gain(2.0, 1.0) == 1.0
    assert own("bias", bias, "lower").gain(2.0, 1.0) == -1.0
