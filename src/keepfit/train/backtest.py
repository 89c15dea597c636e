"""A forecast judged by expanding windows: at each cut-off it knows what was before, and no more."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import numpy as np
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.config.schema.series import Series
from keepfit.data.splitting.split import Split
from keepfit.data.steps import STEP, numbered
from keepfit.data.types.casts import moment
from keepfit.errors import Refused, RowsRefused, UserError
from keepfit.kinds.base import Fitted, Observing, Prediction
from keepfit.train.predictor import Predictor


def said_of(
    predictor: Predictor, raw: pl.DataFrame, truth: pl.Series, past: pl.DataFrame | None = None
) -> Prediction:
    """What a model says of raw rows whose truth is known.

    One that forecasts is asked cut-off by cut-off, a horizon of its series apart: before each it
    observes `past` (raw rows with the target), what it kept, and of these rows those that came
    before. What it has no answer for is null.
    """
    if predictor.series is None:
        return predictor.predict_every(raw)
    rows = _with_truth(predictor, raw, truth)
    known = rows
    if past is not None:
        target = truth.name
        known = pl.concat([_with_truth(predictor, past.drop(target), past[target]), rows])
    return expanding(predictor, rows, known)


def _with_truth(predictor: Predictor, raw: pl.DataFrame, truth: pl.Series) -> pl.DataFrame:
    return predictor.observed(raw).with_columns(truth.alias(predictor.target))


def _coming(rows: pl.DataFrame, series: Series, target: str) -> list[pl.DataFrame]:
    """What is known of steps before they come: nothing but the columns of `series.dynamic`."""
    unknown = pl.lit(None, rows.schema[target]).alias(target)
    return [rows.with_columns(unknown)] if series.dynamic else []


def expanding(predictor: Predictor, rows: pl.DataFrame, known: pl.DataFrame) -> Prediction:
    """The answers on `rows`, by the cut-offs before which `known` was observed."""
    series, time = predictor.series, predictor.data.time
    assert series is not None and time is not None  # noqa: S101, PT018 the schema says so
    steps = numbered(rows, series, time)[STEP]
    first = steps.min()
    blocks = ((steps - first) // series.horizon).fill_null(0).to_numpy()
    values = np.full(rows.height, np.nan)
    quantiles = np.full((rows.height, len(series.quantiles)), np.nan)
    for block in np.unique(blocks):
        places = np.flatnonzero(blocks == block)
        part = rows[places.tolist()]
        before = _first(part, time)
        earlier = known.filter(_moments(known, time) < before)
        told = pl.concat([earlier, *_coming(part, series, predictor.target)])
        model = cast("Observing", predictor.fitted).observe(told, before=before)
        answered, said = _answers(model, part.select(predictor.features))
        values[places[answered]] = said.values.to_numpy()
        if said.quantiles is not None:
            quantiles[places[answered]] = said.quantiles
    answers = pl.Series("prediction", values, nan_to_null=True)
    return Prediction(answers, quantiles=quantiles, levels=series.quantiles)


def up_to_date(fitted: Fitted, split: Split, spec: ModelSpec) -> Fitted:
    """A model that forecasts, at the end of all rows; what it learned is of those it was given.

    Refused for one that looks ahead: whose answers at the first cut-off change once it has observed
    what came after. Others are given back as they are.
    """
    if spec.series is None or spec.data.time is None:
        return fitted
    if not hasattr(fitted, "observe"):
        raise UserError(
            f"model.{spec.name}.series is there, and kind `{spec.kind}` forecasts none",
            hint="choose seasonal-naive, ets, theta, auto-arima or deepar, or take out `series`",
        )
    columns = [*spec.reads, spec.target]
    past, later = split.train.select(columns), split.holdout.select(columns)
    learned, coming = cast("Observing", fitted), _coming(later, spec.series, spec.target)
    future = [] if split.future is None else [split.future.select(columns)]
    now = learned.observe(pl.concat([past, later, split.unasked.select(columns), *future]))
    before = _first(later, spec.data.time)
    asked = later.select(spec.features)
    then = _answers(now.observe(pl.concat([past, *coming]), before=before), asked)
    first = learned.observe(pl.concat(coming), before=before) if coming else learned
    if not _same(_answers(first, asked), then):
        raise Refused(
            f"kind `{spec.kind}` looks ahead: its forecast from {before} changes once it has "
            "observed what came after",
            hint="observe(rows, before) must forget all that is not earlier than `before`",
        )
    return now


def _answers(model: Fitted, rows: pl.DataFrame) -> tuple[np.ndarray, Prediction]:
    """The places of the rows that are answered, and the answers."""
    places = np.arange(rows.height)
    while True:
        try:
            return places, model.predict(rows[places.tolist()])
        except RowsRefused as error:
            lost = [row for one in error.refusals for row in one.rows]
            places = np.delete(places, lost)


def _same(one: tuple[np.ndarray, Prediction], other: tuple[np.ndarray, Prediction]) -> bool:
    (places, said), (others, again) = one, other
    if not np.array_equal(places, others) or not said.values.equals(again.values):
        return False
    if said.quantiles is None or again.quantiles is None:
        return said.quantiles is again.quantiles
    return np.array_equal(said.quantiles, again.quantiles, equal_nan=True)


def _first(rows: pl.DataFrame, time: str) -> datetime:
    return cast("datetime", _moments(rows, time).min())


def _moments(rows: pl.DataFrame, time: str) -> pl.Series:
    return rows.select(moment(time, rows.schema[time])).to_series()
