"""Estimators that learn by partial_fit, chunk after chunk, as often as the file says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepfit.config.schema.rows import Encode
from keepfit.errors import NoNumber, UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.encode import learn
from keepfit.kinds.sklearn import chunks, encode_chunks
from keepfit.kinds.sklearn.encode_chunks import Gathering
from keepfit.kinds.sklearn.kind import SKLEARN
from keepfit.kinds.sklearn.params import Sklearn

pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")

SGD = "sklearn.linear_model.SGDRegressor"


def table(rows=500, seed=1):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=rows), random.normal(size=rows) * 100 + 1e4
    group = random.integers(0, 4, rows)
    y = 2 * a + b / 100 + group + random.normal(size=rows) / 10
    return pl.DataFrame({"a": a, "b": b, "g": np.array(list("wxyz"))[group], "y": y}).with_columns(
        label=pl.when(pl.col("y") > 101).then(pl.lit("high")).otherwise(pl.lit("low")),
        number=pl.Series(group),
        a=pl.when(pl.Series(random.random(rows) > 0.05)).then("a"),
    )


def lesson_of(rows, target="y", features=("a", "b", "g"), **encode):
    given = Encode(**{"scale": True, **encode})
    return Lesson(tuple(features), target, rows, rows.clear(), given)


def learned(rows, target="y", estimator=SGD, size=None, encode=None, **params):
    """What is learned of rows that come in frames of that size."""
    asked = Sklearn(estimator=estimator, **{"epochs": 3, **params})
    lesson = lesson_of(rows if size is None else rows.clear(), target, **(encode or {}))
    if size is None:
        return SKLEARN.fit(lesson, asked, seed=1, threads=1)

    def frames():
        return iter([rows[start : start + size] for start in range(0, rows.height, size)])

    return SKLEARN.fit_in_chunks(lesson, frames, asked, seed=1, threads=1)


def test_it_is_what_partial_fit_makes_of_the_same_chunks(monkeypatch):
    from sklearn.linear_model import SGDRegressor

    monkeypatch.setattr(chunks, "_CHUNK", 128)
    rows = table().drop("g").fill_null(0.0)
    found = learned(rows.with_columns(g=pl.lit("w")), epochs=2, eta0=0.02)
    x = rows.select("a", "b").to_numpy()
    x = np.column_stack([(x - x.mean(axis=0)) / x.std(axis=0), np.ones(len(x))])
    peer = SGDRegressor(eta0=0.02, random_state=1)
    for _ in range(2):
        for start in range(0, len(x), 128):
            peer.partial_fit(x[start : start + 128], rows["y"].to_numpy()[start : start + 128])
    assert found.estimator.coef_ == pytest.approx(peer.coef_, rel=1e-10)
    assert found.estimator.t_ == peer.t_ == 2 * len(x) + 1


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (SGD, "y"),
        ("sklearn.neural_network.MLPRegressor", "y"),
        ("sklearn.linear_model.SGDClassifier", "label"),
        ("sklearn.linear_model.SGDClassifier", "number"),
        ("sklearn.naive_bayes.GaussianNB", "label"),
    ],
)
def test_the_bytes_hang_on_the_rows_and_not_on_the_frames_they_come_in(
    monkeypatch, estimator, target
):
    monkeypatch.setattr(chunks, "_CHUNK", 100)
    rows = table(430)
    whole = learned(rows, target, estimator).save()["estimator.skops"]
    for size in (1, 7, 100, 101, 1000):
        found = learned(rows, target, estimator, size)
        assert found.save()["estimator.skops"] == whole
        assert found.header.encoding.numbers[0].fill is not None


def test_labels_that_come_late_are_known_from_the_first_chunk_on(monkeypatch):
    monkeypatch.setattr(chunks, "_CHUNK", 50)
    rows = table(400).sort("number", descending=True)
    found = learned(rows, "number", "sklearn.linear_model.SGDClassifier", loss="log_loss")
    assert found.classes == (0, 1, 2, 3)
    assert found.predict(rows).probabilities.shape == (400, 4)


def test_more_epochs_learn_more():
    rows = table(2000)
    errors = [
        (learned(rows, epochs=epochs, eta0=0.001).predict(rows).values - rows["y"]).abs().mean()
        for epochs in (1, 3, 20)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.5 * errors[0]


def test_an_estimator_without_partial_fit_is_named():
    with pytest.raises(UserError, match=r"params\.epochs is 3, and Ridge has no partial_fit"):
        learned(table(), estimator="sklearn.linear_model.Ridge")


@pytest.mark.parametrize("epochs", [0, -1, 1.5, "3", True])
def test_epochs_that_are_no_number_of_rounds_are_refused(epochs):
    with pytest.raises(ValueError, match="epochs"):
        Sklearn(estimator=SGD, epochs=epochs)


def test_a_median_takes_all_rows_at_once():
    assert SKLEARN.learns_in_chunks(Sklearn(estimator=SGD, epochs=1), Encode())
    assert not SKLEARN.learns_in_chunks(Sklearn(estimator=SGD), Encode())
    assert not SKLEARN.learns_in_chunks(Sklearn(estimator=SGD, epochs=1), Encode(missing="median"))
    found = learned(table(), encode={"missing": "median"})
    assert found.header.encoding.numbers[0].fill == table()["a"].median()


def test_a_missing_number_that_may_not_be_filled_is_refused():
    with pytest.raises(NoNumber):
        learned(table(), encode={"missing": "fail"}, size=50)


values = st.one_of(
    st.none(),
    st.floats(-1e6, 1e6),
    st.sampled_from([float("nan"), float("inf"), 0.0, -0.0, 7.0]),
)


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(values, st.one_of(st.none(), st.sampled_from("abc")), st.sampled_from([1, 2, 3])),
        min_size=1,
        max_size=40,
    ),
    size=st.integers(1, 9),
    rare=st.integers(1, 4),
    missing=st.sampled_from(["mean", "zero"]),
)
def test_an_encoding_of_chunks_is_that_of_all_rows(rows, size, rare, missing):
    frame = pl.DataFrame(
        rows, schema={"x": pl.Float64, "g": pl.String, "n": pl.Int64}, orient="row"
    )
    encode = Encode(rare=rare, missing=missing, categorical=("n",))
    gathering = Gathering(("x", "g", "n"), encode)
    for start in range(0, frame.height, size):
        gathering.add(frame[start : start + size])
    mine, whole = gathering.encoding(), learn(frame, ("x", "g", "n"), encode)
    assert mine.categories == whole.categories
    (number,), (wanted,) = mine.numbers, whole.numbers
    scale = 1e-9 * max(1.0, *(abs(v) for (v, _, _) in rows if v is not None and abs(v) < 1e9), 0.0)
    assert number.fill == pytest.approx(wanted.fill, abs=scale)
    assert number.mean == pytest.approx(wanted.mean, abs=scale)
    assert number.deviation == pytest.approx(wanted.deviation, abs=scale)


def test_of_very_many_chunks_counts_are_added_up(monkeypatch):
    monkeypatch.setattr(encode_chunks, "_TOGETHER", 3)
    gathering = Gathering(("g",), Encode(rare=150))
    for _ in range(50):
        gathering.add(pl.DataFrame({"g": ["a", "a", "a", "b", None, None, None]}))
    (category,) = gathering.encoding().categories
    assert (category.levels, category.missing) == (("a",), True)


def test_a_constant_column_has_no_deviation_at_all():
    gathering = Gathering(("x",), Encode())
    for size in (3, 5, 7):
        gathering.add(pl.DataFrame({"x": [0.1] * size}))
    (number,) = gathering.encoding().numbers
    assert (number.mean, number.deviation) == (0.1, 0.0)
