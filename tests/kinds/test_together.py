"""What many small regressions learn at once is what each learns by itself."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge as PeerRidge

from keepfit.config.schema.per import Per
from keepfit.config.schema.rows import Encode
from keepfit.kinds import kind, learner, params_of
from keepfit.kinds.base import Lesson

NAN = float("nan")


def table(heights, seed=0, columns=3, offset=0.0):
    """Rows of many stores, so many of each, with a line of its own for each."""
    random = np.random.default_rng(seed)
    parts = []
    for place, height in enumerate(heights):
        x = random.normal(size=(height, columns)) * 10.0 ** random.integers(-3, 4, columns) + offset
        y = x @ random.normal(size=columns) + random.normal(size=height) + place
        frame = pl.DataFrame(x, schema=[f"x{i}" for i in range(columns)])
        parts.append(frame.with_columns(pl.Series("y", y), store=pl.lit(f"s{place:04}")))
    return pl.concat(parts)


def lesson_of(rows, encode=None):
    train = rows.drop("store", strict=False)
    features = tuple(name for name in train.columns if name != "y")
    return Lesson(features, "y", train, train.clear(), encode or Encode())


def each(rows, name="ridge", encode=None, **params):
    """(the models learned at once, the same each by itself)."""
    given = params_of(name).model_validate(params)
    parts = rows.partition_by("store", maintain_order=True)
    counts = [part.height for part in parts]
    at_once = kind(name).fit_each(lesson_of(rows, encode), counts, given)
    alone = [
        kind(name).fit(lesson_of(part, encode), given, seed=0, threads=1)
        for part, one in zip(parts, at_once, strict=True)
        if one is not None
    ]
    return at_once, alone


def same(one, other, rel):
    ours, theirs = one.plain, other.plain
    for mine, its in zip(ours.encoding.numbers, theirs.encoding.numbers, strict=True):
        assert mine.name == its.name
        assert mine.fill == pytest.approx(its.fill, rel=rel, abs=1e-12)
        assert (mine.mean, mine.deviation) == pytest.approx((its.mean, its.deviation), rel=rel)
    (mine,), (its,) = ours.outputs, theirs.outputs
    assert mine.numbers == pytest.approx(its.numbers, rel=rel)
    scale = abs(its.intercept) + sum(
        abs(w * n.mean) for w, n in zip(its.numbers, theirs.encoding.numbers, strict=True)
    )
    assert mine.intercept == pytest.approx(its.intercept, abs=rel * scale)


@settings(max_examples=30)
@given(
    heights=st.lists(st.integers(5, 60), min_size=1, max_size=8),
    columns=st.integers(1, 4),
    seed=st.integers(0, 99),
    offset=st.sampled_from([0.0, 1e3, -1e6]),
    how=st.sampled_from(
        [("linear", {}), ("ridge", {"alpha": 0.3}), ("ridge", {"alpha": 50.0}), ("ridge", {})]
    ),
    encode=st.sampled_from([{}, {"scale": True}, {"scale": False}, {"missing": "zero"}]),
)
def test_each_has_the_coefficients_that_it_would_have_alone(
    heights, columns, seed, offset, how, encode
):
    rows = table(heights, seed, columns, offset)
    at_once, alone = each(rows, how[0], Encode(**encode), **how[1])
    for one, other in zip(filter(None, at_once), alone, strict=True):
        same(one, other, rel=1e-8)


def test_they_are_those_of_scikit_learn():
    rows = table([200] * 20)
    at_once, _ = each(rows, alpha=2.0, encode=Encode(scale=False))
    for part, one in zip(rows.partition_by("store", maintain_order=True), at_once, strict=True):
        x = part.drop("y", "store").to_numpy()
        peer = PeerRidge(alpha=2.0).fit(x, part["y"].to_numpy())
        (out,) = one.plain.outputs
        assert out.numbers == pytest.approx(peer.coef_.tolist(), rel=1e-9)
        assert out.intercept == pytest.approx(float(peer.intercept_), rel=1e-8)


@pytest.mark.parametrize(
    "strange",
    [
        pl.col("x0").first().alias("x1"),  # constant
        (pl.col("x0") * 3 + 1).alias("x1"),  # the same column twice
        pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise("x1").alias("x1"),
        pl.when(pl.int_range(pl.len()) == 3).then(NAN).otherwise("x1").alias("x1"),
        pl.lit(1e200).alias("x1") * pl.col("x1"),
    ],
    ids=["constant", "twice", "null", "nan", "huge"],
)
def test_a_model_that_needs_more_care_is_learned_by_itself(strange):
    parts = table([30, 30, 30]).partition_by("store", maintain_order=True)
    parts[1] = parts[1].with_columns(strange)
    at_once, alone = each(pl.concat(parts))
    assert [one is None for one in at_once] == [False, True, False]
    for one, other in zip(filter(None, at_once), alone, strict=True):
        same(one, other, rel=1e-9)


def test_fewer_rows_than_columns_are_learned_from_by_themselves():
    at_once, _ = each(table([30, 3, 1, 30], columns=4))
    assert [one is None for one in at_once] == [False, True, True, False]


@pytest.mark.parametrize(
    ("name", "encode", "params"),
    [
        ("lasso", {}, {"alpha": 0.1}),
        ("ridge", {"missing": "median"}, {}),
        ("ridge", {}, {"fit_intercept": False}),
        ("ridge", {"categorical": ("x0",)}, {}),
    ],
)
def test_what_cannot_be_solved_at_once_is_not(name, encode, params):
    at_once, _ = each(table([30, 30]), name, Encode(**encode), **params)
    assert at_once == [None, None]


def test_a_fleet_answers_many_rows_with_the_bits_of_each_model_alone():
    rows = table([40] * 30, offset=3.0)
    rows = rows.sample(fraction=1.0, shuffle=True, seed=1)
    lesson = Lesson(("store", "x0", "x1", "x2"), "y", rows, rows.clear(), Encode())
    fleet = learner("ridge", Per(column="store"))
    model = fleet.fit(lesson, params_of("ridge")(), seed=1, threads=1)
    assert model._lines is not None
    some = pl.int_range(pl.len()) % 7 == 0
    asked = rows.with_columns(
        x1=pl.when(some).then(NAN).otherwise("x1"),
        x2=pl.when(some).then(None).otherwise("x2"),
        store=pl.when(pl.int_range(pl.len()) % 11 == 0).then(pl.lit("new")).otherwise("store"),
    )
    said = model.predict(asked).values
    assert said.to_list() == [model.predict(asked[place]).values[0] for place in range(len(asked))]


def test_a_fleet_of_classes_or_categories_has_no_such_table():
    rows = table([60] * 3).with_columns(
        label=pl.when(pl.col("x0") > 0).then(pl.lit("a")).otherwise(pl.lit("b")),
        day=pl.Series(["mon", "tue"] * 90),
    )
    for name, target, features in (
        ("logistic", "label", ("store", "x0", "x1")),
        ("ridge", "y", ("store", "x0", "day")),
    ):
        lesson = Lesson(features, target, rows, rows.clear(), Encode())
        fleet = learner(name, Per(column="store"))
        model = fleet.fit(lesson, params_of(name)(), seed=1, threads=1)
        assert model._lines is None
        assert len(model.predict(rows).values) == rows.height
