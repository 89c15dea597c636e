"""May a server take the compiled path: only where it was held against the exact one and agreed."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Data, Encode
from keepfit.data.types.dtypes import columns_of
from keepfit.kinds import kind, rows_of
from keepfit.kinds.base import Lesson, Prediction
from keepfit.kinds.rows import EachRow
from keepfit.train.agreement import agreements, compare
from keepfit.train.predictor import Predictor


def frame(rows):
    random = np.random.default_rng(rows)
    return pl.DataFrame(
        {
            "x": random.normal(size=rows),
            "n": random.integers(0, 9, rows),
            "g": random.choice(["a", "b", None], rows).tolist(),
            "day": pl.Series(random.integers(0, 3, rows)).cast(pl.Int32).cast(pl.Date),
            "y": random.normal(size=rows),
            "label": np.arange(rows) % 3,
        }
    ).with_columns(pl.when(pl.col("n") > 2).then("x"))


@pytest.fixture
def fitted():
    """A predictor of some kind, learned from some rows."""

    def make(name="ridge", features=("x", "n", "g"), target="y", data=None, transform=None, **how):
        train, made = frame(300), kind(name)
        if data:
            train = train.with_columns(half=pl.col("x") / 2)
        lesson = Lesson(features, target, train, train.clear(), Encode(**how))
        return Predictor(
            schema=columns_of({n: t for n, t in frame(300).schema.items() if n in features}),
            data=Data(source="rows.csv", derive=data or {}),
            transform=transform,
            features=features,
            fitted=made.fit(lesson, made.params(), seed=0, threads=1),
            target=target,
        )

    return make


def held(predictor, rows, name="ridge"):
    return agreements(name, predictor, rows, predictor.predict(rows))


@pytest.mark.parametrize(("rows", "compared"), [(3, 3), (500, 500), (4321, 500)])
def test_a_regression_is_the_same_number_row_by_row(fitted, rows, compared):
    (found,) = held(fitted(), frame(rows))
    assert (found.path, found.rows, found.deviation, found.agreed) == ("rows", compared, 0.0, True)


def test_chances_may_differ_in_their_last_digits(fitted):
    (found,) = held(fitted("logistic", target="label"), frame(800), "logistic")
    assert (found.labels, found.agreed) == (0, True)
    assert found.deviation < 1e-14


def test_rows_are_taken_evenly_from_first_to_last(fitted):
    taken = []

    class Watched(Prediction):
        def only(self, keep):
            taken.extend(np.flatnonzero(keep))
            return super().only(keep)

    predictor, rows = fitted(), frame(2001)
    agreements("ridge", predictor, rows, Watched(predictor.predict(rows).values))
    assert (taken[0], taken[-1], len(taken)) == (0, 2000, 500)
    assert set(np.diff(taken)) <= {4, 5}


def test_fewer_rows_are_taken_where_each_is_wide():
    random = np.random.default_rng(0)
    rows = pl.DataFrame({f"x{i}": random.normal(size=600) for i in range(200)})
    train = rows.with_columns(y=pl.Series(random.normal(size=600)))
    ridge, features = kind("ridge"), tuple(rows.columns)
    lesson = Lesson(features, "y", train, train.clear(), Encode())
    made = ridge.fit(lesson, ridge.params(), seed=0, threads=1)
    data = Data(source="rows.csv")
    predictor = Predictor(columns_of(rows.schema), data, None, features, made, "y")
    (found,) = held(predictor, rows)
    assert (found.rows, found.agreed) == (125, True)


def test_nothing_compared_is_nothing_agreed(fitted):
    (found,) = held(fitted(), frame(1).clear())
    assert not found.agreed
    assert "no rows to compare" in str(found)


def test_there_is_no_such_path_where_a_row_needs_a_frame(fitted):
    rows = frame(20)
    assert held(fitted(features=("half", "n"), data={"half": "x / 2"}), rows) == ()
    assert held(fitted(transform=lambda rows: rows), rows) == ()
    assert held(fitted(features=("x", "day"), categorical=("day",)), rows) == ()
    assert held(fitted(missing="fail", features=("n",)), rows) == ()


def test_a_derive_rule_that_serving_does_not_need_does_no_harm(fitted):
    (found,) = held(fitted(data={"half": "x / 2", "y": "x + 1"}), frame(20))
    assert found.agreed


class Wrong:
    """A compiled path with a mistake in it."""

    def __init__(self, right, mistake):
        self.columns, self.classes = right.columns, right.classes
        self._right, self._mistake = right, mistake

    def value(self, row):
        return self._mistake(self._right.value(row))

    def label(self, row):
        return self._mistake(self._right.label(row))


def wrong(predictor, name, mistake):
    rows = frame(50)
    right = rows_of(name, predictor.fitted.save())
    return compare("rows", EachRow(Wrong(right, mistake)), rows, predictor.predict(rows))


def test_a_deviation_is_relative_above_one_and_bounded(fitted):
    assert wrong(fitted(), "ridge", lambda value: value * (1 + 5e-10)).agreed
    found = wrong(fitted(), "ridge", lambda value: value + 2e-9)
    assert not found.agreed
    assert "up to 2e-09 apart (bound 1e-09)" in str(found)
    predictor = fitted()
    rows = frame(50).with_columns(x=pl.lit(1e12))
    right = rows_of("ridge", predictor.fitted.save())
    large = Wrong(right, lambda value: value * (1 + 5e-10))
    assert compare("rows", EachRow(large), rows, predictor.predict(rows)).agreed


@pytest.mark.parametrize("instead", [nan, inf, -inf])
def test_a_number_for_none_is_never_agreed(fitted, instead):
    found = wrong(fitted(), "ridge", lambda _: instead)
    assert (found.deviation, found.agreed) == (0.0, False)


def test_the_same_infinity_on_both_sides_agrees(fitted):
    predictor = fitted()
    rows = frame(5).with_columns(x=pl.lit(1e308), n=pl.lit(2**62))
    model = rows_of("ridge", predictor.fitted.save())
    said = Prediction(pl.Series([inf, nan, -inf, 1.0, 2.0]))
    answers = iter([inf, nan, -inf, 1.0, 2.0])
    assert compare("rows", EachRow(Wrong(model, lambda _: next(answers))), rows, said).agreed


def test_another_label_is_never_agreed_however_alike_the_chances(fitted):
    predictor = fitted("logistic", target="label")
    found = wrong(predictor, "logistic", lambda said: ((said[0] + 1) % 3, said[1]))
    assert (found.labels, found.deviation < 1e-14, found.agreed) == (50, True, False)
    assert "50 of 50 labels differ" in str(found)


def test_other_chances_are_not_agreed_however_alike_the_labels(fitted):
    predictor = fitted("logistic", target="label")
    found = wrong(predictor, "logistic", lambda said: (said[0], (said[1][0] + 1e-8, *said[1][1:])))
    assert (found.labels, found.agreed) == (0, False)


def test_an_error_is_told_and_is_no_agreement(fitted):
    def fails(_):
        raise RuntimeError("no such instruction")

    found = wrong(fitted(), "ridge", fails)
    assert not found.agreed
    assert str(found).endswith("RuntimeError: no such instruction")
