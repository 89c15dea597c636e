"""A row at a time against the exact model: values bit for bit, chances to the last digits."""

import struct
import subprocess
import sys
from math import inf, isnan, nan

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt
from keepfit.kinds import KINDS, kind, rows_of
from keepfit.kinds.base import Lesson
from keepfit.kinds.encoding import Category, Encoding, Number
from keepfit.kinds.linear.plain import PlainModel
from keepfit.kinds.linear.plain_file import FILE, Output, Plain

LINEAR = [name for name, entry in KINDS.items() if entry.rows == KINDS["ridge"].rows]
REGRESSIONS = [name for name in LINEAR if name != "logistic"]
FEATURES = ("x0", "code", "x1", "flag", "count", "g", "level")
SCHEMA = {
    "x0": pl.Float64,
    "code": pl.Int64,
    "x1": pl.Float32,
    "flag": pl.Boolean,
    "count": pl.UInt64,
    "g": pl.String,
    "level": pl.Float64,
}
WEIGHTS = st.floats(-1e6, 1e6) | st.floats(allow_nan=False, allow_infinity=False)


def bits(value):
    """Equal only for the very same float; NaN is one value, whatever its payload."""
    return "nan" if isnan(value) else struct.pack("d", value)


def cells(*, odd):
    """Rows of every type of cell; `odd` ones hold what training never saw."""
    floats = st.sampled_from([0.0, -0.0, 1.5, -2.0, 1e300, None, nan, inf, -inf])
    if odd:
        floats |= st.floats()
    whole = st.sampled_from([0, 1, -3, 2**53, 2**53 + 1]) | st.integers(-(2**63), 2**63 - 1)
    return st.fixed_dictionaries(
        {
            "x0": floats,
            "code": st.none() | st.sampled_from([1, 2, 2**53]) | whole if odd else whole,
            "x1": st.none() | st.floats(width=32),
            "flag": st.sampled_from([True, False, None]),
            "count": st.none() | st.integers(0, 2**64 - 1 if odd else 1000),
            "g": st.sampled_from(["a", "b", "ä", "", None]) | st.text(max_size=2),
            "level": floats,
        }
    )


def frame(rows):
    return pl.DataFrame(rows, schema=SCHEMA)


@st.composite
def models(draw, outputs=(1, 3, 4)):
    """A linear model with any weights, which no training could be brought to learn."""
    level = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)
    number = st.sampled_from([0.0, -1.0, 2.5])
    levels = {
        "g": draw(st.sets(st.sampled_from(["a", "b", "ä", "z"]))),
        "flag": draw(st.sets(st.sampled_from([0.0, 1.0]))),
        "code": draw(st.sets(st.sampled_from([1.0, 2.0, float(2**53)]))),
        "level": draw(st.sets(st.sampled_from([0.0, 1.5, -2.0]) | level, max_size=4)),
    }
    types = {"g": "text", "flag": "boolean", "code": "number", "level": "number"}
    encoding = Encoding(
        numbers=tuple(
            Number(name=name, fill=draw(number), mean=0.0, deviation=1.0)
            for name in ("x0", "count", "x1")
        ),
        categories=tuple(
            Category(
                name=name,
                dtype=types[name],
                levels=tuple(sorted(levels[name])),
                missing=draw(st.booleans()),
            )
            for name in levels
        ),
    )
    count = draw(st.sampled_from(outputs))

    def weights(size):
        return tuple(draw(st.lists(WEIGHTS, min_size=size, max_size=size)))

    made = tuple(
        Output(
            intercept=draw(WEIGHTS),
            numbers=weights(3),
            categories=tuple(weights(category.size) for category in encoding.categories),
        )
        for _ in range(count)
    )
    classes = ("a", "b", "c", "d")[: count if count > 1 else draw(st.sampled_from([0, 2]))]
    kind_ = "logistic" if classes else "ridge"
    return PlainModel(Plain(format=1, kind=kind_, encoding=encoding, outputs=made, classes=classes))


def hold_together(fitted, rows, kind_="ridge"):
    """Every row alone, against all of them in the exact model."""
    model = rows_of(kind_, fitted.save())
    said = fitted.predict(rows)
    assert model.classes == fitted.classes
    for place, row in enumerate(rows.select(model.columns).rows()):
        if not model.classes:
            assert bits(model.value(row)) == bits(said.values[place])
            continue
        label, chances = model.label(row)
        assert (label, type(label)) == (said.values[place], type(said.values[place]))
        np.testing.assert_allclose(chances, said.probabilities[place], rtol=0, atol=1e-13)


@settings(max_examples=150, deadline=None)
@given(models(), st.lists(cells(odd=True), min_size=1, max_size=20))
def test_any_weights_give_what_the_exact_model_gives(fitted, rows):
    hold_together(fitted, frame(rows), fitted.plain.kind)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(cells(odd=False), min_size=12, max_size=30),
    st.lists(cells(odd=True), min_size=1, max_size=20),
    st.sampled_from(["mean", "median", "zero"]),
    st.sampled_from(LINEAR),
    st.sampled_from([2, 3, 5]),
)
def test_every_linear_kind_says_the_same_row_by_row(learned, rows, missing, name, classes):
    number = (pl.col("x0", "x1").fill_nan(None).clip(-1e6, 1e6), pl.col("code") % 5)
    train = frame(learned).with_columns(*number)
    target = np.arange(train.height) % classes
    train = train.with_columns(y=pl.Series(target if name == "logistic" else np.sin(target)))
    encode = Encode(missing=missing, categorical=("code", "level"))
    made = kind(name)
    lesson = Lesson(FEATURES, "y", train, train.clear(), encode)
    fitted = made.fit(lesson, made.params(), seed=0, threads=1)
    hold_together(fitted, frame(rows), name)
    hold_together(fitted, train, name)


@pytest.mark.parametrize("labels", [[True, False], [3, 5], ["no", "yes"], [1, 2, 3]])
def test_labels_are_of_the_targets_own_type(lesson, labels):
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0] * len(labels), "y": labels * 4})
    fitted = kind("logistic").fit(lesson(rows), kind("logistic").params(), seed=0, threads=1)
    hold_together(fitted, rows, "logistic")


@pytest.mark.parametrize(
    "scores",
    [(1.0, 1.0, 1.0), (inf, 0.0, inf), (-inf, -inf, -inf), (0.0, nan, inf), (nan, 9.0, nan)],
)
def test_ties_and_scores_that_are_no_numbers_are_decided_as_numpy_does(scores):
    # a number each; times 1e308 it is infinite, and an infinity less another is no number
    weights = {inf: (1e308, 0.0), -inf: (-1e308, 0.0), nan: (1e308, -1e308)}
    outputs = tuple(
        Output(intercept=0.0, numbers=weights.get(s, weights[nan] if isnan(s) else (s, 0.0)),
               categories=())
        for s in scores
    )  # fmt: skip
    large = any(not np.isfinite(s) for s in scores)
    encoding = Encoding(
        numbers=tuple(Number(name=n, fill=0.0, mean=0.0, deviation=1.0) for n in "ab"),
        categories=(),
    )
    plain = Plain(
        format=1, kind="logistic", encoding=encoding, outputs=outputs, classes=("a", "b", "c")
    )
    row = [1e308, 1e308] if large else [1.0, 1.0]
    hold_together(
        PlainModel(plain), pl.DataFrame([row], schema=["a", "b"], orient="row"), "logistic"
    )


def test_a_model_that_must_refuse_missing_numbers_has_no_rows(lesson):
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 2.0]})
    for missing, there in (("fail", False), ("mean", True)):
        fitted = kind("ridge").fit(
            lesson(rows, missing=missing), kind("ridge").params(), seed=0, threads=1
        )
        assert (rows_of("ridge", fitted.save()) is not None) is there


def test_kinds_without_a_way_by_rows_have_none():
    assert rows_of("sklearn", {}) is None
    assert rows_of("somebody's own", {}) is None


def test_a_damaged_file_is_corrupt_here_too():
    with pytest.raises(Corrupt, match="no linear model"):
        rows_of("ridge", {FILE: b"{}"})


def test_what_a_server_imports_for_it_is_light():
    code = (
        "import sys, keepfit.kinds, keepfit.kinds.linear.plain_rows;"
        "print(*{'numpy', 'polars', 'pydantic', 'sklearn'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (out.stdout.strip(), out.stderr) == ("", "")
