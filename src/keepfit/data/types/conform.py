"""Rows from outside in the columns and types that a model wants, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from keepfit.data.types import casts, dtypes
from keepfit.errors import UserError, listed, nearest
from keepfit.records.rows import Column

Bounds = Mapping[str, tuple[float, float]]  # the least and the greatest value of a column

REASON = "__reason"
FLAWED = "__flawed"
_NONE: Bounds = MappingProxyType({})


def conform(
    rows: pl.LazyFrame | pl.DataFrame, schema: Sequence[Column], bounds: Bounds = _NONE
) -> pl.LazyFrame:
    """The rows with the schema's columns in its types, and the text column `__reason`.

    `__reason` is null for a good row, else it says what cannot be read, or what is out of bounds:
    "distance_km: 'abc' is not a number; age: 156 is not between 0 and 120". Other columns stay as
    they are. UserError for a missing column, with a guess.
    """
    lazy = rows.lazy()
    have, want, changed = _compared(lazy, schema)
    reasons = [_reason(name, have[name], want[name]) for name in changed]
    bounded = _bounded(bounds, have, want)
    reasons += [_out_of_bounds(name, value, bounds[name]) for name, value in bounded.items()]
    reason = pl.concat_str(reasons, separator="; ", ignore_nulls=True) if reasons else pl.lit("")
    casted = [casts.convert(name, have[name], want[name]) for name in changed]
    told = reason.replace("", None) if reasons else pl.lit(None, dtype=pl.String)
    return lazy.with_columns(*casted, told.alias(REASON))


def flagged(rows: pl.LazyFrame, schema: Sequence[Column], bounds: Bounds = _NONE) -> pl.LazyFrame:
    """As `conform`, but with the boolean column `__flawed`, which costs a fraction of the reasons.

    It is absent where no row can have a flaw: every column has its type already, and no bounds.
    """
    have, want, changed = _compared(rows, schema)
    bounded = _bounded(bounds, have, want)
    if not changed and not bounded:
        return rows
    casted = [casts.convert(name, have[name], want[name]) for name in changed]
    flaws = [casts.unreadable(name, have[name], want[name]) for name in changed]
    flaws += [_outside(value, bounds[name]) for name, value in bounded.items()]
    return rows.with_columns(*casted, pl.any_horizontal(flaws).alias(FLAWED))


def _compared(
    rows: pl.LazyFrame, schema: Sequence[Column]
) -> tuple[dict[str, pl.DataType], dict[str, pl.DataType], list[str]]:
    """The types that there are, those wanted, and the columns where they differ."""
    have = dict(rows.collect_schema())
    want = dtypes.schema_of(schema)
    refuse_missing(schema, have)
    return have, want, [name for name, dtype in want.items() if have[name] != dtype]


def _reason(name: str, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    told = pl.format(f"{_escaped(name)}: '{{}}' is not {_escaped(dtypes.in_words(want))}", value)
    return pl.when(casts.unreadable(name, have, want)).then(told)


def _bounded(
    bounds: Bounds, have: Mapping[str, pl.DataType], want: Mapping[str, pl.DataType]
) -> dict[str, pl.Expr]:
    """The values of the numbers that have bounds."""
    return {
        name: casts.convert(name, have[name], dtype)
        for name, dtype in want.items()
        if name in bounds and dtype.is_numeric()
    }


def _outside(value: pl.Expr, ends: tuple[float, float]) -> pl.Expr:
    low, high = ends
    return ((value < low) | (value > high)).fill_null(value=False)


def _out_of_bounds(name: str, value: pl.Expr, ends: tuple[float, float]) -> pl.Expr:
    low, high = ends
    told = pl.format(f"{_escaped(name)}: {{}} is not between {low:g} and {high:g}", value)
    return pl.when(_outside(value, ends)).then(told)


def _escaped(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def refuse_missing(schema: Sequence[Column], have: Collection[str]) -> None:
    """UserError, with a guess, where rows with the columns `have` lack one of the schema."""
    want = [column.name for column in schema]
    missing = [name for name in want if name not in have]
    if missing:
        told = ", ".join(f"`{name}`" for name in missing)
        there = [name for name in have if not name.startswith("__")]
        raise UserError(
            f"the rows lack the column{'s' if len(missing) > 1 else ''} {told}."
            + (nearest(missing[0], there) or listed(" They have: ", there)),
            hint=f"the model wants: {', '.join(want)}",
        )
