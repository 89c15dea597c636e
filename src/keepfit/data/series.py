"""What rows must be to be steps of series, and what a forecast of them is measured in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.config.schema.model import ModelSpec
from keepfit.config.schema.series import Series
from keepfit.data.steps import PHASE, STEP, VALUE, id_columns, id_texts, numbered, observed, told
from keepfit.records.base import Severity
from keepfit.records.rows import Finding

SCALE = "__scale"  # of each holdout row: how far, on average, its series moved in a season before
MANY = 0.1  # share of the series of which something was not possible, above which a person looks

Blamed = tuple[Finding, pl.Series]


def problems(rows: pl.DataFrame, spec: ModelSpec) -> Iterator[Blamed]:
    """Rows that are no steps: without a series, between two steps, a second time; and gaps."""
    series, time = spec.series, spec.data.time
    if series is None or time is None:
        return
    steps = numbered(rows, series, time)
    by = id_columns(series)
    if by:
        nameless = steps.select(pl.any_horizontal(pl.col(by).is_null())).to_series()
        yield from _blame(nameless, f"{{}} rows name no series: {' or '.join(series.id)} is null")
    phase = pl.col(PHASE)
    usual = phase.mode().first().over(by) if by else phase.mode().first()
    off = steps.select((phase != usual).fill_null(value=False)).to_series()
    frequency = series.frequency
    between = f"{{}} rows lie between two steps: series.frequency is {frequency}"
    yield from _blame(off, between, time)
    double = (steps.select(*by, STEP).is_duplicated() & steps[STEP].is_not_null()) & ~off
    yield from _blame(double, f"{{}} rows share their step of {frequency} with another row", time)
    if not (off.any() or double.any()):
        yield from _gaps(rows, spec, series, time)


def _blame(bad: pl.Series, message: str, column: str | None = None) -> Iterator[Blamed]:
    if count := int(bad.sum()):
        text = message.format(f"{count:,}")
        finding = Finding(check="series", severity="fail", message=text, column=column, rows=count)
        yield finding, bad


def _gaps(rows: pl.DataFrame, spec: ModelSpec, series: Series, time: str) -> Iterator[Blamed]:
    """The steps that are missing between the first and the last of a series."""
    by = id_columns(series)
    known = observed(rows, series, time, spec.target)
    step = pl.col(STEP)
    gap = step.diff().over(by) if by else step.diff()
    after = known.with_columns(lost=(gap - 1).fill_null(0)).filter(pl.col("lost") > 0)
    if after.is_empty():
        return
    lost, first = int(after["lost"].sum()), after.row(0, named=True)
    several = after.select(by).n_unique() if by else 1
    named = told(first[name] for name in by)
    message = (
        f"{lost:,} steps of {series.frequency} are missing in {several:,} series, the first in "
        f"series {named}"
    )
    severity: Severity = "fail" if series.missing == "fail" else "note"
    if severity == "fail":
        message += '; bring the rows, or say series.missing = "previous", "interpolate" or "zero"'
    else:
        message += f"; for them stands: {series.missing}"
    finding = Finding(check="series", severity=severity, message=message, column=time, rows=lost)
    yield finding, pl.Series(np.zeros(rows.height, dtype=np.bool_))


def never_asked(
    rows: pl.DataFrame, holdout: NDArray[np.bool_], spec: ModelSpec
) -> NDArray[np.bool_]:
    """The holdout rows that nobody could have been asked about at the cut-off before them.

    Their series had no step before it, or its last one was so long ago that they are more than a
    horizon away.
    """
    series, time = spec.series, spec.data.time
    if series is None or time is None:
        return np.zeros(rows.height, dtype=np.bool_)
    by = id_columns(series)
    steps = numbered(rows, series, time).with_columns(late=pl.Series(holdout)).with_row_index("row")
    begin = steps.filter("late")[STEP].min()
    block = (pl.col(STEP) - begin) // series.horizon
    steps = steps.with_columns(cut=pl.when("late").then(begin + block * series.horizon))
    last = _last_before(steps, by, [cut for cut in steps["cut"].unique().to_list() if cut])
    joined = steps.join(last, on=[*by, "cut"], how="left", maintain_order="left")
    far = (pl.col(STEP) - pl.col("last") > series.horizon).fill_null(value=True)
    return joined.select(pl.col("late") & far).to_series().to_numpy().astype(np.bool_)


def _last_before(steps: pl.DataFrame, by: list[str], cuts: list[int]) -> pl.DataFrame:
    """Of each series and cut-off the last step before it."""
    found = [
        steps.filter(pl.col(STEP) < cut)
        .group_by(by or [pl.lit(0).alias("__all")])
        .agg(pl.col(STEP).max().alias("last"))
        .with_columns(cut=pl.lit(cut, pl.Int64))
        for cut in cuts
    ]
    return pl.concat(found)


def without_scale(holdout: pl.DataFrame, spec: ModelSpec) -> tuple[Finding, ...]:
    """The finding that MASE leaves out some series of the holdout; none where it leaves out all,
    which the metric says itself. A person looks where they are many, and MASE decides."""
    if spec.series is None or spec.data.time is None or SCALE not in holdout.columns:
        return ()
    scaled_row = (pl.col(SCALE) > 0).fill_null(value=False)
    series = holdout.select(*id_texts(holdout, spec.series.id), scaled=scaled_row)
    each = series.with_columns(__all=0).unique()  # all rows of a series have one scale
    every, scaled = each.height, int(each["scaled"].sum())
    if scaled in (0, every):
        return ()
    gate, lost = spec.gate, every - scaled
    decides = "mase" in (gate.metric, *(rule.metric for rule in gate.rules))
    message = (
        f"mase leaves out {lost:,} of {every:,} series, the same for all sides: in the training "
        f"rows they did not move in a season of {spec.series.season} steps, or had none"
    )
    usual: Severity = "warn" if decides and lost > MANY * every else "note"
    severity = spec.checks.severity.get("series", usual)
    rows = int((~series["scaled"]).sum())
    return (Finding(check="series", severity=severity, message=message, rows=rows),)


def scales(rows: pl.DataFrame, past: pl.DataFrame, spec: ModelSpec) -> pl.Series:
    """Of each row how its series moved in the `past`: see `moves`."""
    series, time = spec.series, spec.data.time
    assert series is not None and time is not None  # noqa: S101, PT018 the caller has looked
    return moves(rows, past, series, time, spec.target)


def moves(
    rows: pl.DataFrame, past: pl.DataFrame, series: Series, time: str, target: str
) -> pl.Series:
    """Of each row the mean absolute difference of its series to a season before, in the `past`.

    It is what MASE divides by (Hyndman and Koehler, 2006); null where the series has no season.
    """
    by = id_columns(series)
    known = observed(past, series, time, target).select(*by, STEP, VALUE)
    before = known.with_columns(pl.col(STEP) + series.season).rename({VALUE: "before"})
    pairs = known.join(before, on=[*by, STEP], how="inner").with_columns(__all=0)
    moved = pairs.group_by([*by, "__all"]).agg((pl.col(VALUE) - pl.col("before")).abs().mean())
    wanted = numbered(rows, series, time).with_columns(__all=0)
    found = wanted.join(moved, on=[*by, "__all"], how="left", maintain_order="left")
    return found[VALUE].alias(SCALE)
