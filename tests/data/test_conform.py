# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.data.types.conform import REASON, conform
from keepfit.data.types.dtypes import columns_of, parse
from keepfit.errors import UserError

NUMBER, WHOLE, TEXT, TRUTH = pl.Float64(), pl.Int64(), pl.String(), pl.Boolean()
DAY, TIME, ZONED = pl.Date(), pl.Datetime("us"), pl.Datetime("us", "UTC")
NOON = datetime(2020, 1, 2, 12)


def read(value, dtype):
    """(value as the type, why not) of one cell."""
    rows = pl.DataFrame({"c": [value]})
    made = conform(rows, columns_of({"c": dtype})).collect()
    assert made.schema["c"] == dtype
    return made["c"][0], made[REASON][0]


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        ("1.5", NUMBER, 1.5),
        (" 2 ", NUMBER, 2.0),
        ("", NUMBER, None),
        (None, NUMBER, None),
        (3, NUMBER, 3.0),
        ("7", WHOLE, 7),
        ("7.0", WHOLE, 7),
        (7.0, WHOLE, 7),
        (7, TEXT, "7"),
        ("True", TRUTH, True),
        ("f", TRUTH, False),
        (0, TRUTH, False),
        ("2020-01-02", DAY, date(2020, 1, 2)),
        (NOON, DAY, date(2020, 1, 2)),
        ("2020-01-02", TIME, datetime(2020, 1, 2)),
        ("2020-01-02T12:00", TIME, NOON),
        ("2020-01-02 12:00:00.5", TIME, NOON.replace(microsecond=500_000)),
        ("2020-01-02T13:00:00+01:00", TIME, NOON),
        (NOON.replace(tzinfo=UTC), TIME, NOON),
        (NOON, ZONED, NOON.replace(tzinfo=UTC)),
        (date(2020, 1, 2), TIME, datetime(2020, 1, 2)),
    ],
)
def test_what_can_be_read_as_the_models_type_is_read(value, dtype, expected):
    assert read(value, dtype) == (expected, None)


@pytest.mark.parametrize(
    ("value", "dtype", "told"),
    [
        ("abc", NUMBER, "c: 'abc' is not a number"),
        ("1.5", WHOLE, "c: '1.5' is not a whole number"),
        (1.5, WHOLE, "c: '1.5' is not a whole number"),
        (float("nan"), WHOLE, "c: 'NaN' is not a whole number"),
        ("perhaps", TRUTH, "c: 'perhaps' is not true or false"),
        (2, TRUTH, "c: '2' is not true or false"),
        ("2.1.2020", DAY, "c: '2.1.2020' is not a date such as 2013-05-31"),
        (5, TIME, "c: '5' is not a time such as 2013-05-31 14:00:00"),
        (NOON, NUMBER, "c: '2020-01-02 12:00:00.000000' is not a number"),
    ],
)
def test_what_cannot_be_read_is_null_with_a_reason(value, dtype, told):
    assert read(value, dtype) == (None, told)


def test_all_that_is_wrong_with_a_row_is_told_and_good_rows_have_no_reason():
    rows = pl.DataFrame({"a": ["1", "x"], "b": ["2", "y"], "more": [1, 2]})
    made = conform(rows, columns_of({"a": NUMBER, "b": NUMBER})).collect()
    assert made[REASON].to_list() == [None, "a: 'x' is not a number; b: 'y' is not a number"]
    assert made["more"].to_list() == [1, 2]


def test_rows_of_the_right_types_are_not_worked_on():
    rows = pl.LazyFrame({"a": [1.0]})
    made = conform(rows, columns_of({"a": NUMBER}))
    assert "CAST" not in made.explain().upper()
    assert made.collect().rows() == [(1.0, None)]


def test_a_missing_column_is_told_with_a_guess():
    with pytest.raises(UserError, match=r"lack the columns `km`, `z`. Did you mean `kmm`"):
        conform(pl.DataFrame({"kmm": [1]}), columns_of({"km": NUMBER, "z": NUMBER}))


def test_braces_in_a_columns_name_are_only_a_name():
    rows = pl.DataFrame({"{c}": ["x"]})
    assert "is not a number" in conform(rows, columns_of({"{c}": NUMBER})).collect()[REASON][0]


SIMPLE = st.sampled_from(
    [
        *(pl.Int8(), WHOLE, pl.UInt64(), pl.Float32(), NUMBER, TEXT, TRUTH, DAY, ZONED, pl.Null()),
        *(pl.Datetime("ms", "Europe/London"), pl.Decimal(10, 2), pl.Duration("us"), pl.Binary()),
        *(pl.Enum(["a", "it's"]), pl.Time(), pl.Array(pl.Int8, 2)),
    ]
)
TYPES = st.recursive(
    SIMPLE,
    lambda inner: (
        inner.map(pl.List)
        | st.dictionaries(st.text(min_size=1), inner, min_size=1, max_size=3).map(pl.Struct)
    ),
    max_leaves=4,
)


@given(TYPES)
def test_every_type_is_read_back_from_its_text(dtype):
    assert parse(str(dtype)) == dtype


@pytest.mark.parametrize("text", ["", "Nosuch", "Int64; 1", "__import__('os')", "DataFrame()", "1"])
def test_text_that_is_no_type_is_refused(text):
    with pytest.raises(UserError, match="is not a column type"):
        parse(text)
