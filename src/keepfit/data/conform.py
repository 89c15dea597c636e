"""Rows from outside in the columns and types that a model wants, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from keepfit.data import casts, dtypes
from keepfit.errors import UserError, guess
from keepfit.records import Column

REASON = "__reason"


def conform(rows: pl.LazyFrame | pl.DataFrame, schema: Sequence[Column]) -> pl.LazyFrame:
    """The rows with the schema's columns in its types, and the text column `__reason`.

    `__reason` is null for a good row, else it says what cannot be read: "distance_km: 'abc' is not
    a number". Other columns stay as they are. UserError for a missing column, with a guess.
    """
    lazy = rows.lazy()
    have = dict(lazy.collect_schema())
    want = dtypes.schema_of(schema)
    _refuse_missing(want, have)
    changed = [name for name, dtype in want.items() if have[name] != dtype]
    reasons = [_reason(name, have[name], want[name]) for name in changed]
    reason = pl.concat_str(reasons, separator="; ", ignore_nulls=True) if reasons else pl.lit("")
    casted = [casts.convert(name, have[name], want[name]) for name in changed]
    told = reason.replace("", None) if reasons else pl.lit(None, dtype=pl.String)
    return lazy.with_columns(*casted, told.alias(REASON))


def _reason(name: str, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    told = pl.format(f"{_escaped(name)}: '{{}}' is not {_escaped(dtypes.in_words(want))}", value)
    return pl.when(casts.unreadable(name, have, want)).then(told)


def _escaped(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def _refuse_missing(want: dict[str, pl.DataType], have: dict[str, pl.DataType]) -> None:
    missing = [name for name in want if name not in have]
    if missing:
        told = ", ".join(f"`{name}`" for name in missing)
        raise UserError(
            f"the rows lack the column{'s' if len(missing) > 1 else ''} {told}."
            + guess(missing[0], [name for name in have if not name.startswith("__")]),
            hint=f"the model wants: {', '.join(want)}",
        )
