# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from keepfit.data.columns.features import derive, input_columns, serving_rules, transform
from keepfit.errors import UserError
from keepfit.records.rows import Column

ROWS = pl.LazyFrame({"at": [datetime(2020, 1, 1, 6), datetime(2020, 1, 1, 18)], "km": [1.0, 2.0]})


def test_derive_adds_columns_in_order_and_later_rules_use_earlier_ones():
    rules = {"angle": "2 * pi() * hour(at) / 24", "hour_sin": "sin(angle)"}
    made = derive(ROWS, rules).collect()
    assert made.columns == ["at", "km", "angle", "hour_sin"]
    assert made["hour_sin"].to_list() == pytest.approx([1, -1])
    assert made["angle"][0] == pytest.approx(math.pi / 2)


def test_a_derive_rule_over_an_unknown_column_is_told_with_a_guess():
    with pytest.raises(UserError, match=r"data.derive.a .*no column `kmm`. Did you mean `km`"):
        derive(ROWS, {"a": "kmm * 2"})


def test_a_derive_rule_that_mixes_types_is_told_with_its_sql():
    with pytest.raises(UserError, match=r'data.derive.a is "km \+ at", which does not work'):
        derive(ROWS, {"a": "km + at"})


def add_miles(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(miles=pl.col("km") / 1.609344)


def raises(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(x=1 / 0)


def drops(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.head(1)


def names_no_column(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.select("nosuch")


def test_a_transform_may_give_lazy_or_eager_frames():
    assert transform(ROWS, add_miles).columns == ["at", "km", "miles"]
    assert transform(ROWS, lambda rows: rows.collect()).height == 2
    assert transform(ROWS, None).equals(ROWS.collect())


def test_a_transform_that_raises_is_told_with_file_and_line():
    line = raises.__code__.co_firstlineno + 1
    with pytest.raises(UserError, match=rf"ZeroDivisionError at test_features.py:{line}: division"):
        transform(ROWS, raises, root=Path(__file__).parent)


def test_a_transform_that_names_no_column_is_told_though_polars_is_lazy():
    with pytest.raises(UserError, match=r"ColumnNotFoundError at .*nosuch"):
        transform(ROWS, names_no_column)


def test_a_transform_that_drops_rows_is_refused():
    with pytest.raises(UserError, match=r"drops made 1 rows of 2; expected one for each"):
        transform(ROWS, drops)


def test_a_transform_that_gives_no_frame_is_refused():
    with pytest.raises(UserError, match=r"gave list; expected a polars LazyFrame"):
        transform(ROWS, lambda rows: [])


SCHEMA = [Column(name=name, dtype="Float64") for name in ("id", "at", "dropoff", "km", "fare")]
DERIVE = {"hour": "hour(at)", "hour_sin": "sin(hour)", "minutes": "dropoff - at", "unused": "id"}


def names(columns):
    return [column.name for column in columns]


def test_serving_wants_what_the_features_rest_on_and_nothing_else(spec):
    data = spec(data={"source": "a.csv", "derive": DERIVE}).data
    features = ("hour_sin", "km")
    assert list(serving_rules(data, features, "minutes")) == ["hour", "hour_sin"]
    assert names(input_columns(SCHEMA, data, features, "minutes")) == ["at", "km"]


def test_a_rule_that_writes_over_its_own_column_still_wants_it(spec):
    data = spec(data={"source": "a.csv", "derive": {"km": "km * 2"}}).data
    assert names(input_columns(SCHEMA, data, ("km",), "fare")) == ["km"]


def test_with_a_transform_serving_wants_all_but_the_target(spec):
    data = spec(data={"source": "a.csv", "derive": DERIVE, "transform": "a:b"}).data
    assert names(input_columns(SCHEMA, data, ("km",), "fare")) == ["id", "at", "dropoff", "km"]
    assert "minutes" not in serving_rules(data, ("km",), "minutes")
