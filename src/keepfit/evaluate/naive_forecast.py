"""The naive predictor of series: the season before each cut-off, as every forecast must beat it."""

from __future__ import annotations

import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.evaluate.baseline import Baseline
from keepfit.kinds.base import Lesson
from keepfit.kinds.forecasts.params import SeasonalNaive
from keepfit.kinds.forecasts.seasonal_naive import KIND
from keepfit.train.backtest import expanding
from keepfit.train.predictor import Predictor


def naive_forecast(
    spec: ModelSpec, train: pl.DataFrame, rows: pl.DataFrame, unasked: pl.DataFrame | None = None
) -> Baseline:
    """The seasonal naive forecast of `rows` from each of their cut-offs.

    `unasked` are rows that judge nothing, and are known at the cut-offs after them.
    """
    series, time = spec.series, spec.data.time
    assert series is not None and time is not None  # noqa: S101, PT018 the caller has looked
    series = series.model_copy(update={"static": (), "dynamic": ()})  # it reads neither
    features = (*series.id, time)
    columns = [*features, spec.target]
    past, later = train.select(columns), rows.select(columns)
    lesson = Lesson(
        features=features,
        target=spec.target,
        train=past,
        validation=past.clear(),
        encode=spec.encode,
        series=series,
        time=time,
    )
    fitted = KIND.fit(lesson, SeasonalNaive(), seed=0, threads=1)
    predictor = Predictor(
        schema=(),
        data=spec.data,
        transform=None,
        features=features,
        fitted=fitted,
        target=spec.target,
        series=series,
    )
    known = [past, later] if unasked is None else [past, later, unasked.select(columns)]
    said = expanding(predictor, later, pl.concat(known))
    return Baseline(said, f"seasonal naive, {series.season} steps before each cut-off")
