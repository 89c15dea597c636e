"""Champion and challenger on parts of the holdout: of a value of a column, of a condition."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from keepfit.data.splitting.slices import type_problem, where
from keepfit.errors import UserError
from keepfit.evaluate import luck
from keepfit.evaluate.dependence import Dependence
from keepfit.evaluate.metrics import Mean, Metric
from keepfit.evaluate.sample import Codes, NotMeasurable, Sample
from keepfit.records.comparison import Comparison, SliceScore

LEAST_ROWS = 30
MOST_VALUES = 50
_WORST = 10  # values of a fleet's column that are shown
NULL, OTHER = "(null)", "(other)"


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one value of a column, or those for which a condition is true."""

    column: str
    value: str
    rows: Codes  # their positions in the holdout
    note: str | None = None
    condition: bool = False

    @property
    def compared(self) -> bool:
        """Whether it is large enough to tell a loss from luck."""
        return self.note is None


def slice_scores(  # noqa: PLR0913 the two sides and how to compare them
    parts: Sequence[Part],
    metric: Metric,
    challenger: Sample,
    champion: Sample | None,
    *,
    confidence: float,
    seed: int,
    dependence: Dependence = luck.ALONE,
    others: int = 0,
) -> tuple[SliceScore, ...]:
    """
    The metric of both sides on each part.

    Parts with a note get no interval. Claims of a loss hold all together with `confidence`, those
    of `others` beside the slices included: each interval has the confidence that Bonferroni's
    correction gives it.
    """
    claims = others + sum(part.compared for part in parts)
    each = 1 - (1 - confidence) / max(1, claims)
    return tuple(
        _scored(
            part,
            metric,
            challenger,
            champion,
            each,
            np.random.default_rng([seed, number]),
            dependence,
        )
        for number, part in enumerate(parts)
    )


def cut(rows: pl.DataFrame, slices: Sequence[str]) -> list[Part]:
    """
    The parts of every slice: each value of a column (the 50 with most rows), or a condition's rows.

    Parts of fewer than 30 rows, the rarer values together, and what cannot be cut have a note.
    """
    return [part for written in slices for part in _parts(rows, written)]


def measurable(parts: Sequence[Part], metric: Metric, sample: Sample) -> list[Part]:
    """The parts, with a note on those of which a metric of some rows has too few to tell."""
    try:
        places = metric.where(sample)
    except NotMeasurable:
        return [*parts]  # each part says so
    if places is None:
        return [*parts]
    kept = np.zeros(sample.size, dtype=np.bool_)
    kept[places] = True
    return [
        replace(part, note=f"{metric.name} leaves out too many rows to tell")
        if part.compared and _too_few(np.flatnonzero(kept[part.rows]))
        else part
        for part in parts
    ]


def worst(
    rows: pl.DataFrame, column: str, metric: Metric, challenger: Sample, champion: Sample | None
) -> tuple[SliceScore, ...]:
    """The ten values of a column on which the challenger is worst, the worst first; no claims."""
    parts = [
        Part(column, NULL if value is None else str(value), places, _too_few(places))
        for value, places in _groups(rows, column)
    ]
    scores = _of_each(metric, challenger, parts)
    scored = [
        (metric.gain(0.0, score), part)
        for score, part in zip(scores, parts, strict=True)
        if score is not None
    ]
    scored.sort(key=lambda each: -each[0])
    return tuple(_told(part, metric, challenger, champion) for _, part in scored[:_WORST])


def _groups(rows: pl.DataFrame, column: str) -> list[tuple[object, Codes]]:
    """Each value of a column and the places of its rows, by the first of them."""
    places = pl.int_range(pl.len(), dtype=pl.Int64).alias("places")
    grouped = rows.select(places, value=column).group_by("value", maintain_order=True).agg("places")
    every = grouped["places"].explode().to_numpy()
    ends = grouped["places"].list.len().cum_sum().to_list()
    return list(zip(grouped["value"].to_list(), np.split(every, ends[:-1]), strict=True))


def _of_each(metric: Metric, sample: Sample, parts: Sequence[Part]) -> list[float | None]:
    """The metric on each part; None where it cannot be measured."""
    try:
        if parts and isinstance(metric.how, Mean):  # a part at a time takes a fleet seconds
            return _means(metric.how, sample, parts)
    except NotMeasurable:
        pass  # on some of the rows: of parts without them there is a score
    return [_value(metric, sample.take(part.rows))[0] for part in parts]


def _means(how: Mean, sample: Sample, parts: Sequence[Part]) -> list[float | None]:
    order, counts = np.concatenate([part.rows for part in parts]), [len(p.rows) for p in parts]
    sums = np.add.reduceat(how.terms(sample)[order], np.cumsum([0, *counts[:-1]]))
    means = sums / np.array(counts)
    values = np.sqrt(means) if how.of == "squares" else means
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _told(part: Part, metric: Metric, challenger: Sample, champion: Sample | None) -> SliceScore:
    theirs = _value(metric, champion.take(part.rows))[0] if champion else None
    return SliceScore(
        column=part.column,
        value=part.value,
        rows=len(part.rows),
        challenger=_value(metric, challenger.take(part.rows))[0],
        champion=theirs,
        note=part.note,
    )


def _parts(rows: pl.DataFrame, written: str) -> list[Part]:
    nothing = np.empty(0, dtype=np.int64)
    if wrong := type_problem(written, rows.schema):
        return [Part(written, "", nothing, f"it {wrong}")]
    if rows.is_empty():
        return [Part(written, "", nothing, "the holdout has no rows")]
    return _by_value(rows, written) if written in rows.columns else [_where(rows, written)]


def _where(rows: pl.DataFrame, written: str) -> Part:
    try:
        members = where(written, rows).arg_true().to_numpy().astype(np.int64)
    except UserError as error:
        return Part(written, "", np.empty(0, dtype=np.int64), f"it {error}")
    note = _too_few(members) if len(members) else "there are no such rows"
    return Part(written, "true", members, note, condition=True)


def _by_value(rows: pl.DataFrame, column: str) -> list[Part]:
    # The first row decides between values with equally many: their order is the holdout's.
    grouped = (
        rows.select(value=column)
        .with_row_index("row")
        .group_by("value", maintain_order=True)
        .agg(pl.col("row").cast(pl.Int64), rows=pl.len())
        .sort("rows", descending=True, maintain_order=True)
    )
    parts = [
        Part(column, NULL if value is None else str(value), members.to_numpy(), _too_few(members))
        for value, members in zip(
            grouped["value"].head(MOST_VALUES), grouped["row"].head(MOST_VALUES), strict=True
        )
    ]
    rest = grouped.slice(MOST_VALUES)
    if rest.height:
        note = f"{rest.height:,} rarer values together, which are not compared"
        parts.append(Part(column, OTHER, np.sort(rest["row"].explode().to_numpy()), note))
    return parts


def _too_few(members: Sized) -> str | None:
    return "too few rows to tell" if len(members) < LEAST_ROWS else None


def _scored(  # noqa: PLR0913 the two sides and how to compare them
    part: Part,
    metric: Metric,
    challenger: Sample,
    champion: Sample | None,
    confidence: float,
    rng: np.random.Generator,
    dependence: Dependence,
) -> SliceScore:
    ours = challenger.take(part.rows)
    theirs = None if champion is None else champion.take(part.rows)
    score, error = _value(metric, ours)
    other, other_error = _value(metric, theirs) if theirs is not None else (None, None)
    comparison: Comparison | None = None
    why = error or other_error
    if theirs is not None and part.note is None and why is None:
        try:
            comparison = luck.compare(
                metric,
                ours,
                theirs,
                confidence=confidence,
                rng=rng,
                dependence=dependence.take(part.rows),
            )
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
        condition=part.condition,
    )


def _value(metric: Metric, sample: Sample) -> tuple[float | None, str | None]:
    try:
        return metric.of(sample), None
    except NotMeasurable as error:
        return None, str(error)
