"""Champion and challenger on the parts of the holdout that share a value of a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfit.errors import guess
from keepfit.evaluate import luck
from keepfit.evaluate.metrics import Metric
from keepfit.evaluate.sample import Codes, NotMeasurable, Sample
from keepfit.records import Comparison, SliceScore

LEAST_ROWS = 30
MOST_VALUES = 50
NULL, OTHER = "(null)", "(other)"


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one value of a column."""

    column: str
    value: str
    rows: Codes  # their positions in the holdout
    note: str | None = None


def slice_scores(  # noqa: PLR0913 the two sides and how to cut and compare them
    rows: pl.DataFrame,
    columns: tuple[str, ...],
    metric: Metric,
    challenger: Sample,
    champion: Sample | None,
    *,
    confidence: float,
    seed: int,
) -> tuple[SliceScore, ...]:
    """
    The metric of both sides on each value of each column, the 50 with most rows of a column.

    Fewer than 30 rows get a note and no interval. The intervals hold all together with
    `confidence`: each has the confidence that Bonferroni's correction gives it.
    """
    parts = [part for column in columns for part in _parts(rows, column)]
    compared = sum(part.note is None for part in parts)
    each = 1 - (1 - confidence) / max(1, compared)
    return tuple(
        _scored(part, metric, challenger, champion, each, np.random.default_rng([seed, number]))
        for number, part in enumerate(parts)
    )


def _parts(rows: pl.DataFrame, column: str) -> list[_Part]:
    nothing = np.empty(0, dtype=np.int64)
    if column not in rows.columns:
        note = f"there is no column `{column}` in the holdout.{guess(column, rows.columns)}"
        return [_Part(column, "", nothing, note)]
    if rows.is_empty():
        return [_Part(column, "", nothing, "the holdout has no rows")]
    # The first row decides between values with equally many: their order is the holdout's.
    grouped = (
        rows.select(value=column)
        .with_row_index("row")
        .group_by("value", maintain_order=True)
        .agg(pl.col("row").cast(pl.Int64), rows=pl.len())
        .sort("rows", descending=True, maintain_order=True)
    )
    parts = [
        _part(column, value, members.to_numpy())
        for value, members in zip(
            grouped["value"].head(MOST_VALUES), grouped["row"].head(MOST_VALUES), strict=True
        )
    ]
    rest = grouped.slice(MOST_VALUES)
    if rest.height:
        note = f"{rest.height:,} rarer values together, which are not compared"
        parts.append(_Part(column, OTHER, np.sort(rest["row"].explode().to_numpy()), note))
    return parts


def _part(column: str, value: object, members: Codes) -> _Part:
    name = NULL if value is None else str(value)
    note = "too few rows to tell" if len(members) < LEAST_ROWS else None
    return _Part(column, name, members, note)


def _scored(  # noqa: PLR0913 the two sides and how to compare them
    part: _Part,
    metric: Metric,
    challenger: Sample,
    champion: Sample | None,
    confidence: float,
    rng: np.random.Generator,
) -> SliceScore:
    ours = challenger.take(part.rows)
    theirs = None if champion is None else champion.take(part.rows)
    score, error = _value(metric, ours)
    other, other_error = _value(metric, theirs) if theirs is not None else (None, None)
    comparison: Comparison | None = None
    why = error or other_error
    if theirs is not None and part.note is None and why is None:
        try:
            comparison = luck.compare(metric, ours, theirs, confidence=confidence, rng=rng)
        except NotMeasurable as not_measurable:
            why = str(not_measurable)
    return SliceScore(
        column=part.column,
        value=part.value,
        rows=len(part.rows),
        challenger=score,
        champion=other,
        comparison=comparison,
        note=part.note,
        error=None if part.note else why,
    )


def _value(metric: Metric, sample: Sample) -> tuple[float | None, str | None]:
    try:
        return metric.of(sample), None
    except NotMeasurable as error:
        return None, str(error)
