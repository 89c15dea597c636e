"""What must be true of the rows before anybody trains on them; the answer is findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.series import problems
from keepfit.data.splitting.keys import distinct, row_keys
from keepfit.data.timeline import naive_utc
from keepfit.data.types.casts import moment
from keepfit.data.types.dtypes import family, schema_of
from keepfit.errors import DataRefused, UserError, guess
from keepfit.records.base import Severity
from keepfit.records.rows import Column, Finding

REASON = "reason"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found, and the rows that are to blame."""

    findings: tuple[Finding, ...]
    bad: pl.DataFrame  # the rows with a column `reason`; a row once for each reason


def check(
    rows: pl.DataFrame,
    spec: ModelSpec,
    *,
    columns: Sequence[Column],
    previous: Sequence[Column] | None = None,
    now: datetime | None = None,
) -> Checked:
    """Every finding about the rows: schema, unique, times, nulls, ranges, freshness, series.

    `columns` are the raw columns, held against those that the last version wanted (`previous`).
    Freshness is judged only where somebody says what time it is. UserError where a check names a
    column that is not there.
    """
    findings = _schema(columns, previous or (), spec.checks.schema_)
    told = [_unique(rows, spec), _times(rows, spec), *_nulls(rows, spec), *_ranges(rows, spec)]
    told += problems(rows, spec)
    blamed = [one for one in told if one]
    findings += [finding for finding, _ in blamed] + _freshness(rows, spec, now)
    return Checked(tuple(findings), _bad(rows, blamed))


def enough(train: int, spec: ModelSpec) -> tuple[Finding, ...]:
    """The finding that there are fewer training rows than `checks.min_rows`, if so."""
    least = spec.checks.min_rows
    if least is None or train >= least:
        return ()
    message = f"{train:,} training rows; model.{spec.name}.checks.min_rows asks for {least:,}"
    return (Finding(check="rows", severity=_severity(spec, "rows"), message=message),)


def refuse(findings: Iterable[Finding], bad_rows: str | None = None, *, model: str = "") -> None:
    """DataRefused with every finding that fails; `bad_rows` says where the rows can be seen."""
    failing = [finding for finding in findings if finding.severity == "fail"]
    if failing:
        whose = f" of `{model}`" if model else ""
        mend = f"mend the rows, or see what [model.{model or 'NAME'}.checks] can say of them"
        raise DataRefused(
            f"the data{whose} was refused: " + "; ".join(finding.message for finding in failing),
            hint=f"the rows are in {bad_rows}" if bad_rows else mend,
        )


Blamed = tuple[Finding, pl.Series]


def _schema(
    columns: Sequence[Column], previous: Sequence[Column], severity: Severity
) -> list[Finding]:
    have, want = schema_of(columns), schema_of(previous)
    return [
        Finding(check="schema", severity=severity, column=name, message=message)
        for name, dtype in want.items()
        if (message := _difference(name, have, dtype))
    ]


def _difference(name: str, have: Mapping[str, pl.DataType], was: pl.DataType) -> str | None:
    if name not in have:
        return f"the column `{name}` is gone.{guess(name, have)}"
    if family(have[name]) != family(was):
        return f"the column `{name}` is {have[name]}; the last version learned from {was}"
    return None


def _unique(rows: pl.DataFrame, spec: ModelSpec) -> Blamed | None:
    if not spec.data.key:
        return None
    keys = row_keys(rows, spec.data.key)
    if len(distinct(keys)) == len(keys):  # a tenth of the time that a frame takes to say so
        return None
    doubled = rows.select(spec.data.key).is_duplicated()
    told = ", ".join(spec.data.key)
    message = f"{doubled.sum():,} rows share their key ({told}) with another row"
    return _blame("unique", spec.checks.unique, message, doubled)


def _times(rows: pl.DataFrame, spec: ModelSpec) -> Blamed | None:
    time = spec.data.time
    if time is None or spec.split.how != "time":
        return None
    lost = rows[time].is_null()
    message = f"{lost.sum():,} rows have no `{time}`; a split by time has no place for them"
    return _blame("nulls", _severity(spec, "nulls"), message, lost, time)


def _nulls(rows: pl.DataFrame, spec: ModelSpec) -> list[Blamed | None]:
    return [_null_share(rows, spec, name, most) for name, most in spec.checks.nulls.items()]


def _null_share(rows: pl.DataFrame, spec: ModelSpec, name: str, most: float) -> Blamed | None:
    nulls = _column(rows, spec, "nulls", name).is_null()
    share = int(nulls.sum()) / max(rows.height, 1)
    if share <= most:
        return None
    message = f"`{name}` is null in {share:.2%} of the rows; at most {most:.2%} may be"
    return _blame("nulls", _severity(spec, "nulls"), message, nulls, name)


def _ranges(rows: pl.DataFrame, spec: ModelSpec) -> list[Blamed | None]:
    return [_range(rows, spec, name, *ends) for name, ends in spec.checks.ranges.items()]


def _range(
    rows: pl.DataFrame, spec: ModelSpec, name: str, low: float, high: float
) -> Blamed | None:
    values = _column(rows, spec, "ranges", name)
    if not values.dtype.is_numeric():
        raise UserError(f"model.{spec.name}.checks.ranges.{name} bounds a column of {values.dtype}")
    outside = ((values < low) | (values > high)).fill_null(False)
    message = (
        f"`{name}` is outside {low:g} to {high:g} in {outside.sum():,} rows: "
        f"{values.min()!s} to {values.max()!s}"
    )
    return _blame("ranges", _severity(spec, "ranges"), message, outside, name)


def _freshness(rows: pl.DataFrame, spec: ModelSpec, now: datetime | None) -> list[Finding]:
    span, time = spec.checks.freshness, spec.data.time
    if span is None or now is None:
        return []
    if time is None:
        raise UserError(
            f"model.{spec.name}.checks.freshness is {span}, but the model has no time column",
            hint=f"name it as model.{spec.name}.data.time",
        )
    newest = rows.select(moment(time, rows.schema[time])).to_series().max()
    if isinstance(newest, datetime) and newest >= span.before(naive_utc(now)):
        return []
    message = f"the newest row is of {newest!s}; it may be {span} old at {naive_utc(now)}"
    return [Finding(check="freshness", severity=_severity(spec, "freshness"), message=message)]


def _column(rows: pl.DataFrame, spec: ModelSpec, which: str, name: str) -> pl.Series:
    if name not in rows.columns:
        place = f"model.{spec.name}.checks.{which}.{name}"
        raise UserError(f"{place} names no column.{guess(name, rows.columns)}")
    return rows[name]


def _severity(spec: ModelSpec, which: Literal["rows", "nulls", "ranges", "freshness"]) -> Severity:
    return spec.checks.severity.get(which, "fail")


def _blame(
    which: str, severity: Severity, message: str, bad: pl.Series, column: str | None = None
) -> Blamed | None:
    if not bad.any():
        return None
    count = int(bad.sum())
    finding = Finding(check=which, severity=severity, message=message, column=column, rows=count)
    return finding, bad


def _bad(rows: pl.DataFrame, blamed: Sequence[Blamed]) -> pl.DataFrame:
    found = [
        rows.filter(bad).with_columns(pl.lit(finding.message).alias(REASON))
        for finding, bad in blamed
    ]
    return pl.concat(found) if found else rows.clear().with_columns(pl.lit("").alias(REASON))
