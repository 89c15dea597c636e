"""The naive predictors: the same answer for every row, or what was a season ago."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from keepfit.config.schema.gate import Gate, Seasonal
from keepfit.data.types.casts import moment
from keepfit.durations import Duration
from keepfit.errors import UserError
from keepfit.evaluate.names import REGRESSION
from keepfit.kinds.base import Prediction

_TIME, _SAID, _ROW = "__time", "__said", "__row"


class Baseline(NamedTuple):
    """What the naive predictor says, and which it is where it is not the constant one."""

    said: Prediction
    told: str | None = None


def baseline_of(  # noqa: PLR0913 two tables, and how to read them
    gate: Gate, train: pl.DataFrame, rows: pl.DataFrame, target: str, task: str, time: str | None
) -> Baseline:
    """The gate's naive predictor, from the training rows, on `rows`.

    UserError for a season of classes, or without the column that says when a row happened.
    """
    if isinstance(gate.baseline, str):
        return Baseline(naive(train[target], rows.height, task))
    if task != REGRESSION or time is None:
        lacks = "a number as target" if task != REGRESSION else "data.time"
        raise UserError(f"gate.baseline is seasonal, which needs {lacks}; expected 'constant'")
    return seasonal(gate.baseline, train, rows, target, time)


def seasonal(
    how: Seasonal, train: pl.DataFrame, rows: pl.DataFrame, target: str, time: str
) -> Baseline:
    """
    For each row the target of the training rows a season before it, or of as few seasons as it
    takes (the seasonal naive method: Hyndman and Athanasopoulos, Forecasting, 5.2).

    Several rows of one moment: their mean. A row that no training row lies whole seasons before is
    answered with the mean of the rows that are alike in `by`, else of all; it is counted.
    """
    by = list(how.by)
    learned = train.select(*by, _at(train, time), pl.col(target).cast(pl.Float64).alias(_SAID))
    known = learned.group_by([*by, _TIME]).agg(pl.col(_SAID).mean())
    wanted = rows.select(*by, _at(rows, time)).with_row_index(_ROW)
    oldest, found, step = known[_TIME].min(), [], 0
    left = wanted
    while left.height and oldest is not None:
        step += 1
        back = f"-{Duration(how.seasonal.count * step, how.seasonal.unit).polars}"
        looked = left.with_columns(pl.col(_TIME).dt.offset_by(back))
        joined = looked.join(known, on=[*by, _TIME], how="left", nulls_equal=True)
        found.append(joined.filter(pl.col(_SAID).is_not_null()).select(_ROW, _SAID))
        open_ = joined.filter(pl.col(_SAID).is_null() & (pl.col(_TIME) > oldest))
        left = left.join(open_, on=_ROW, how="semi")
    answered = wanted.join(pl.concat(found), on=_ROW, how="left") if found else wanted
    told = f"seasonal, {how.seasonal}{' by ' + ', '.join(by) if by else ''}"
    return _filled(answered, learned, by, told)


def _at(rows: pl.DataFrame, time: str) -> pl.Expr:
    return moment(time, rows.schema[time]).alias(_TIME)


def _filled(answered: pl.DataFrame, learned: pl.DataFrame, by: list[str], told: str) -> Baseline:
    """The answers, with means where no season came before."""
    if missing := answered[_SAID].null_count():
        told += f"; {missing:,} rows have none before them and got the mean"
    mean = pl.lit(learned[_SAID].mean())
    if by:
        means = learned.group_by(by).agg(pl.col(_SAID).mean().alias("__mean"))
        answered = answered.join(means, on=by, how="left", nulls_equal=True)
        mean = pl.coalesce("__mean", mean)
    said = answered.sort(_ROW).select(pl.col(_SAID).fill_null(mean)).to_series()
    return Baseline(Prediction(said), told)


def naive(target: pl.Series, rows: int, task: str) -> Prediction:
    """
    The same answer for each of `rows` rows, from the training target.

    Numbers: the mean. Classes: their shares as probabilities, and the most frequent label (of
    equals the first).
    """
    if task == REGRESSION:
        return Prediction(pl.repeat(target.cast(pl.Float64).mean(), rows, eager=True))
    counted = target.alias("label").drop_nulls().value_counts(name="rows").sort("label")
    shares = counted["rows"].to_numpy() / counted["rows"].sum()
    labels = counted["label"]
    return Prediction(
        labels.gather([int(np.argmax(shares))] * rows),
        np.tile(shares, (rows, 1)),
        tuple(labels.to_list()),
    )
