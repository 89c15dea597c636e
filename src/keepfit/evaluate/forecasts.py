"""Metrics of forecasts: scaled by how their series move, and of quantiles."""

from __future__ import annotations

import numpy as np
import polars as pl

from keepfit.data.series import SCALE
from keepfit.evaluate.dependence import Units
from keepfit.evaluate.sample import Codes, NotMeasurable, Numbers, Sample, numbers
from keepfit.evaluate.weighted import Scorer, divide, total

_EXACT = 1e-9  # by which a level of quantiles may differ from the share that is asked for


def scaled_error(sample: Sample) -> Numbers:
    """How far each prediction is off, in mean moves of its series in a season (MASE).

    Hyndman and Koehler (2006), International Journal of Forecasting 22, 679-688; the moves are
    those of the training rows. NotMeasurable for series that never moved or have no season there.
    """
    truth, said = numbers(sample)
    scale = _scale(sample)
    if still := np.count_nonzero(scale == 0):
        raise NotMeasurable(
            f"the series of {still:,} rows did not move from season to season in the training "
            "rows, so that nothing scales their errors; smape, wql and mae need no scale"
        )
    return np.asarray(np.abs(truth - said) / scale)


def scaled_rows(sample: Sample) -> Codes | None:
    """The places of the rows whose series has a scale; None where all have one, or none has.

    Series without one are left out of the mean, as GluonTS and AutoGluon do it. NotMeasurable where
    an answer is missing, whichever row it is of: to say nothing must not be a way out.
    """
    numbers(sample)
    scaled = np.flatnonzero(_scale(sample) > 0)
    return scaled if 0 < scaled.size < sample.size else None


def _scale(sample: Sample) -> Numbers:
    """Of each row that of its series, 0 where there is none."""
    if sample.rows is None or SCALE not in sample.rows.columns:
        raise NotMeasurable(
            "nobody knows here how the series moved in the training rows: it is for `series` "
            "models, and beside the holdout for those without series.context, which keep all "
            "steps; smape, wql and mae need no scale"
        )
    scale = sample.rows[SCALE].cast(pl.Float64).fill_null(0.0).to_numpy()
    return np.asarray(scale, dtype=np.float64)


def quantile_loss(sample: Sample, units: Units | None = None) -> Scorer:
    """
    The quantile loss of all levels, weighted by the truth (wQL, as DeepAR and GluonTS report it).

    Twice the mean over the levels of the sums of the pinball losses, by the sum of |truth|. A side
    that answers a number alone says it at every level: it is the sum of the errors by that of the
    truth.
    """
    truth, said = numbers(sample)
    loss = np.abs(truth - said)
    if sample.prediction.levels:
        answers = _quantiles(sample)
        error = truth[:, None] - answers
        levels = np.array(sample.prediction.levels)
        loss = 2 * np.maximum(levels * error, (levels - 1) * error).mean(axis=1)
    if not np.abs(truth).any():
        raise NotMeasurable("the truth is 0 in every row, and a loss has no share of 0")
    lost, there = total(loss, units), total(np.abs(truth), units)
    return lambda weights: divide(lost(weights), there(weights))


def covered(sample: Sample, percent: float) -> Numbers:
    """1 for each truth between the two quantiles that are to hold `percent` of them."""
    truth, _ = numbers(sample)
    outside = (100 - percent) / 200
    low, high = (_level(sample, level) for level in (outside, 1 - outside))
    return np.asarray((low <= truth) & (truth <= high), dtype=np.float64)


def _level(sample: Sample, level: float) -> Numbers:
    for at, known in enumerate(sample.prediction.levels):
        if abs(known - level) < _EXACT:
            return np.asarray(_quantiles(sample)[:, at])
    levels = ", ".join(f"{known:g}" for known in sample.prediction.levels)
    has = f"has {levels}" if levels else "answers a number alone"
    raise NotMeasurable(f"it needs the quantile {level:g}, and the model {has}: series.quantiles")


def _quantiles(sample: Sample) -> Numbers:
    found = np.asarray(sample.prediction.quantiles, dtype=np.float64)
    shape = (sample.size, len(sample.prediction.levels))
    if found.shape != shape or not np.isfinite(found).all():
        raise NotMeasurable("a quantile is missing or no finite number")
    return found
