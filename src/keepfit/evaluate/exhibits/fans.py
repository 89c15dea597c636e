"""Series with what was forecast of them: the worst, one in the middle, the best."""

from __future__ import annotations

from typing import Any

import polars as pl

from keepfit.config.schema.series import Series
from keepfit.data.steps import id_columns, id_texts
from keepfit.data.types.casts import moment
from keepfit.evaluate.sample import NotMeasurable, Sample, numbers
from keepfit.records.exhibits import Fan

_STEPS = 168  # of the newest forecasts of a series, and about as many as these of its past
_NOTHING: tuple[None, ...] = ()


def fans(sample: Sample, past: pl.DataFrame, series: Series, time: str) -> tuple[Fan, ...]:
    """The fans of some series of the holdout, after the end of their `past` (with the target)."""
    if sample.rows is None:
        raise NotMeasurable("nobody knows which series the rows are of")
    truth, said = numbers(sample)
    table = _table(sample.rows, series, time).with_columns(truth=truth, said=said, **_ends(sample))
    by = ["__all", *id_columns(series)]
    table = table.with_columns(miss=(pl.col("truth") - pl.col("said")).abs())
    errors = (
        table.group_by(by)
        .agg(error=pl.col("miss").sum() / pl.col("truth").abs().sum())
        .with_columns(pl.col("error").fill_nan(0.0))
        .sort("error", *id_columns(series), descending=[True, *[False] * len(series.id)])
    )
    before = _table(past, series, time).with_columns(truth=past[sample.truth.name].cast(pl.Float64))
    places = {0: "worst", errors.height // 2: "middle", errors.height - 1: "best"}
    return tuple(
        _fan(table, before, errors.row(place, named=True), rank, series, sample)
        for place, rank in places.items()
    )


def _table(rows: pl.DataFrame, series: Series, time: str) -> pl.DataFrame:
    at = moment(time, rows.schema[time]).alias("at")
    return rows.select(*id_texts(rows, series.id), at).with_columns(__all=0)


def _ends(sample: Sample) -> dict[str, pl.Series]:
    spread = sample.prediction.quantiles
    if spread is None or len(sample.prediction.levels) < 2:
        return {}
    return {"low": pl.Series(spread[:, 0]), "high": pl.Series(spread[:, -1])}


def _fan(  # noqa: PLR0913 a series, its rank, and where it is found
    table: pl.DataFrame,
    before: pl.DataFrame,
    one: dict[str, Any],
    rank: str,
    series: Series,
    sample: Sample,
) -> Fan:
    name = {column: one[column] for column in id_columns(series)}
    mine = [pl.col(column).eq_missing(pl.lit(value)) for column, value in name.items()]
    forecast = table.filter(*mine).sort("at").tail(_STEPS)
    count = min(2 * series.horizon, _STEPS)
    old = before.filter(*mine).sort("at").tail(count)
    both = pl.concat([old, forecast], how="diagonal")
    wide = "low" in both.columns
    return Fan(
        series=", ".join(str(value) for value in name.values()),
        rank=rank,
        error=float(one["error"]),
        times=tuple(at.isoformat() for at in both["at"]),
        truth=tuple(both["truth"]),
        mean=tuple(both["said"]),
        low=tuple(both["low"]) if wide else _NOTHING,
        high=tuple(both["high"]) if wide else _NOTHING,
        levels=(sample.prediction.levels[0], sample.prediction.levels[-1]) if wide else (),
    )
