# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

from datetime import datetime
from math import inf

import polars as pl
import pytest

from keepfit.data.checking.check import REASON, check, enough, refuse
from keepfit.data.types.dtypes import columns_of
from keepfit.errors import DataRefused, UserError
from keepfit.records.rows import Column

ROWS = pl.DataFrame(
    {
        "id": [1, 2, 2, 4],
        "t": [datetime(2020, 1, day) for day in (1, 2, 3, 4)],
        "x": [1.0, None, -5.0, 3.0],
        "y": [1, 2, 3, 4],
    }
)
KEYED = {"source": "a.csv", "key": ["id"], "time": "t"}


def checked(model, rows=ROWS, **more):
    return check(rows, model, columns=columns_of(rows.schema), **more)


def told(result):
    return [(f.check, f.severity, f.column, f.rows) for f in result.findings]


def test_good_rows_have_no_findings(spec):
    result = checked(spec())
    assert result.findings == ()
    assert result.bad.height == 0
    assert REASON in result.bad.columns
    refuse(result.findings)


def test_rows_that_share_a_key_are_found_and_shown(spec):
    result = checked(spec(data=KEYED))
    assert told(result) == [("unique", "fail", None, 2)]
    assert result.bad["id"].to_list() == [2, 2]
    assert result.bad[REASON][0] == "2 rows share their key (id) with another row"


def test_too_many_nulls_and_values_out_of_range_are_found(spec):
    checks = {"nulls": {"x": 0.2}, "ranges": {"x": [0, inf], "y": [-inf, 3]}}
    result = checked(spec(checks=checks))
    assert told(result) == [
        ("nulls", "fail", "x", 1),
        ("ranges", "fail", "x", 1),
        ("ranges", "fail", "y", 1),
    ]
    assert result.findings[0].message == "`x` is null in 25.00% of the rows; at most 20.00% may be"
    assert result.bad["id"].to_list() == [2, 2, 4]


def test_a_share_at_its_bound_and_a_value_at_its_end_are_good(spec):
    checks = {"nulls": {"x": 0.25}, "ranges": {"x": [-5, 3]}}
    assert checked(spec(checks=checks)).findings == ()


def test_severity_is_as_the_file_says(spec):
    checks = {"unique": "warn", "nulls": {"x": 0}, "severity": {"nulls": "note"}}
    result = checked(spec(data=KEYED, checks=checks))
    assert [f.severity for f in result.findings] == ["warn", "note"]
    refuse(result.findings)


def test_old_rows_are_found_where_somebody_says_what_time_it_is(spec):
    model = spec(data={"source": "a.csv", "time": "t"}, checks={"freshness": "2 days"})
    assert checked(model).findings == ()
    assert checked(model, now=datetime(2020, 1, 6)).findings == ()
    (finding,) = checked(model, now=datetime(2020, 1, 6, 1)).findings
    assert finding.message == (
        "the newest row is of 2020-01-04 00:00:00; it may be 2 days old at 2020-01-06 01:00:00"
    )


def test_columns_that_went_or_changed_since_the_last_version_are_found(spec):
    previous = (
        Column(name="xx", dtype="Float64"),
        Column(name="x", dtype="String"),
        Column(name="y", dtype="Float64"),  # whole numbers are numbers too
    )
    result = checked(spec(), previous=previous)
    assert [finding.message for finding in result.findings] == [
        "the column `xx` is gone. Did you mean `x`?",
        "the column `x` is Float64; the last version learned from String",
    ]
    assert {finding.severity for finding in result.findings} == {"fail"}


def test_rows_without_a_time_are_found_where_time_cuts(spec):
    rows = ROWS.with_columns(t=pl.when(pl.col("id") != 4).then("t"))
    data = {"source": "a.csv", "time": "t"}
    assert told(checked(spec(data=data, split={"holdout": "1 day"}), rows)) == [
        ("nulls", "fail", "t", 1)
    ]
    assert checked(spec(data=data), rows).findings == ()


def test_too_few_training_rows_are_found(spec):
    model = spec(checks={"min_rows": 1000})
    assert enough(1000, model) == ()
    assert "999 training rows" in enough(999, model)[0].message


def test_all_that_fails_is_refused_at_once_and_says_where_the_rows_are(spec):
    result = checked(spec(data=KEYED, checks={"nulls": {"x": 0}}))
    with pytest.raises(DataRefused, match=r"share their key .*; `x` is null") as caught:
        refuse(result.findings, "bad.parquet")
    assert caught.value.hint == "the rows are in bad.parquet"
    with pytest.raises(DataRefused, match="the data of `sales` was refused") as caught:
        refuse(result.findings, model="sales")
    assert "[model.sales.checks]" in str(caught.value.hint)


@pytest.mark.parametrize("checks", [{"nulls": {"xx": 0.1}}, {"ranges": {"xx": [0, 1]}}])
def test_a_check_of_no_column_is_told_with_a_guess(spec, checks):
    with pytest.raises(UserError, match=r"model.m.checks.\w+.xx names no column. Did you mean `x`"):
        checked(spec(checks=checks))
