"""What the columns of some rows hold, so that a later version can be told what has changed."""

from __future__ import annotations

import math

import polars as pl

from keepfit.evaluate.exhibits.rounding import every_nth, rounded
from keepfit.records.exhibits import ColumnProfile, Profile, Share

MOST_COLUMNS, MOST_LEVELS, LONGEST = 40, 16, 40


def profile(rows: pl.DataFrame, columns: tuple[str, ...]) -> Profile:
    """The first 40 of the columns: nulls, and moments of numbers or shares of other values."""
    known = [name for name in dict.fromkeys(columns) if name in rows.columns]
    few = rows.select(known[:MOST_COLUMNS])[every_nth(rows.height)]
    moments = _moments(few)
    return Profile(
        columns=tuple(_column(few[name], moments) for name in few.columns),
        left_out=len(known) - few.width,
        rows=few.height,
    )


def _moments(rows: pl.DataFrame) -> dict[str, float | None]:
    """`mean:distance` and the like, of every number, in one pass over the rows."""
    asked = []
    for name, dtype in rows.schema.items():
        if dtype.is_numeric():
            # What is no finite number would hide all others.
            of = pl.col(name).cast(pl.Float64).replace([math.nan, math.inf, -math.inf], None)
            asked += [
                of.mean().alias(f"mean:{name}"),
                of.std(ddof=0).alias(f"deviation:{name}"),
                of.min().alias(f"low:{name}"),
                of.max().alias(f"high:{name}"),
                of.null_count().alias(f"nulls:{name}"),
            ]
    return rows.select(asked).row(0, named=True) if asked and rows.height else {}


def _column(values: pl.Series, moments: dict[str, float | None]) -> ColumnProfile:
    name, dtype, rows = values.name, str(values.dtype), max(1, len(values))
    if values.dtype.is_numeric():

        def found(fact: str) -> float | None:
            value = moments.get(f"{fact}:{name}")
            return None if value is None else rounded(value)

        return ColumnProfile(
            column=name,
            dtype=dtype,
            nulls=rounded((moments.get(f"nulls:{name}") or 0) / rows),
            mean=found("mean"),
            deviation=found("deviation"),
            low=found("low"),
            high=found("high"),
        )
    nulls = rounded(values.null_count() / rows)
    if values.dtype.is_nested():
        return ColumnProfile(column=name, dtype=dtype, nulls=nulls)
    counted = _counted(values)
    # Where rows have values of their own, such as names, these describe persons and no column.
    own = counted.height > max(MOST_LEVELS, rows / 10)
    return ColumnProfile(
        column=name,
        dtype=dtype,
        nulls=nulls,
        distinct=counted.height,
        levels=tuple(
            Share(_short(value), rounded(count / rows))
            for value, count in counted.head(0 if own else MOST_LEVELS).iter_rows()
        ),
    )


def _counted(values: pl.Series) -> pl.DataFrame:
    """Each value but null as text, with its rows, the most frequent first."""
    return (
        values.alias("value")
        .drop_nulls()
        .value_counts(name="rows")
        .with_columns(pl.col("value").cast(pl.String, strict=False).fill_null("?"))
        .sort(["rows", "value"], descending=[True, False])
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
