"""How much of a gain may be luck: the interval of the gain of one side over the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keepfit.evaluate.metrics import Mean, Metric, Whole
from keepfit.evaluate.quantiles import beta_quantile, t_quantile
from keepfit.evaluate.sample import NotMeasurable, Numbers, Sample
from keepfit.records import Comparison

DRAWS = 1_000
_CELLS = 2_000_000  # counts held at a time: 16 MB, several times over
_FEW = 1_000  # differing rows up to which the exact test of McNemar is asked as well


class Interval(NamedTuple):
    """The two-sided interval of a gain, and how it was found."""

    low: float
    high: float
    method: str


def compare(  # noqa: PLR0913 the two sides and the four facts of a comparison
    metric: Metric,
    challenger: Sample,
    champion: Sample,
    *,
    confidence: float,
    min_gain: float | None = None,
    rng: np.random.Generator,
) -> Comparison:
    """
    How much better the challenger is, above zero in the metric's good direction, with its luck.

    Both samples hold the same rows in the same order. With `min_gain` it also says about how many
    rows would settle whether the gain exceeds it. NotMeasurable where there is no interval.
    """
    if challenger.size < 2:
        raise NotMeasurable(f"{challenger.size} rows cannot tell a gain from luck; expected more")
    gain = metric.gain(metric.of(challenger), metric.of(champion))
    if isinstance(metric.how, Mean):
        interval = _on_rows(metric, metric.how, challenger, champion, confidence)
    else:
        gains = _bootstrapped(metric, metric.how, challenger, champion, rng)
        interval = _percentiles(gains, confidence)
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        raise NotMeasurable(f"too few rows: {metric.name} has no interval on {challenger.size}")
    low, high = min(interval.low, gain), max(interval.high, gain)
    needed = None if min_gain is None else rows_needed(gain, low, high, min_gain, challenger.size)
    return Comparison(
        metric=metric.name,
        gain=gain,
        low=low + 0.0,  # no minus before a zero
        high=high + 0.0,
        confidence=confidence,
        method=interval.method,
        rows=challenger.size,
        rows_needed=needed,
    )


def rows_needed(gain: float, low: float, high: float, min_gain: float, rows: int) -> int | None:
    """
    About how many rows, these included, would settle whether the gain exceeds `min_gain`.

    Intervals shrink with the root of the rows. None where it is settled, or where the gain is
    `min_gain` itself, which no number of rows settles.
    """
    if low > min_gain or high <= min_gain or gain == min_gain:
        return None
    half = gain - low if gain > min_gain else high - gain
    return max(rows + 1, math.ceil(rows * (half / (gain - min_gain)) ** 2))


def _on_rows(
    metric: Metric, how: Mean, challenger: Sample, champion: Sample, confidence: float
) -> Interval:
    ours, theirs = how.terms(challenger), how.terms(champion)
    if how.of == "squares":
        ours, theirs = _of_the_root(ours), _of_the_root(theirs)
    differences = ours - theirs if metric.better == "higher" else theirs - ours
    interval = _paired_t(differences, confidence)
    if how.of == "yes or no" and np.count_nonzero(differences) <= _FEW:
        return _widest(interval, _mcnemar(differences, confidence))
    if how.of == "squares":
        # The differences above are of the linearised root; they are centred on the true gain.
        gain = metric.gain(how.value(challenger), how.value(champion))
        shift = gain - float(differences.mean())
        method = "paired t on per-row losses, delta method"
        return Interval(interval.low + shift, interval.high + shift, method)
    return interval


def _of_the_root(squares: Numbers) -> Numbers:
    """Per row, its part in the root of the mean to first order; a side without error has none."""
    root = math.sqrt(float(squares.mean()))
    return squares / (2 * root) if root else squares


def _paired_t(differences: Numbers, confidence: float) -> Interval:
    """The mean's interval by Student's t; the point itself where all differences are alike."""
    mean, rows = float(differences.mean()), len(differences)
    error = float(differences.std(ddof=1)) / math.sqrt(rows)
    reach = t_quantile(confidence, rows - 1) * error
    return Interval(mean - reach, mean + reach, "paired t on per-row losses")


def _mcnemar(differences: Numbers, confidence: float) -> Interval:
    """
    The interval that belongs to the exact test of McNemar (1947), by Clopper and Pearson (1934).

    Of the rows on which one side is right and the other wrong, the share that speaks for the
    challenger is binomial. With few such rows Student's t is too sure of itself.
    """
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    differing, tail = better + worse, (1 - confidence) / 2
    low = beta_quantile(tail, better, worse + 1) if better else 0.0
    high = beta_quantile(1 - tail, better + 1, worse) if worse else 1.0
    scale = differing / len(differences)
    return Interval((2 * low - 1) * scale, (2 * high - 1) * scale, "exact McNemar")


def _widest(one: Interval, other: Interval) -> Interval:
    method = "paired t and exact McNemar, the wider"
    return Interval(min(one.low, other.low), max(one.high, other.high), method)


def _bootstrapped(
    metric: Metric, how: Whole, challenger: Sample, champion: Sample, rng: np.random.Generator
) -> Numbers:
    """The gain on each draw of the rows, the same rows for both sides."""
    ours, theirs = how.scorer(challenger), how.scorer(champion)
    sign = 1 if metric.better == "higher" else -1
    draws = _draws(challenger.size, rng)
    return np.concatenate([sign * (ours(weights) - theirs(weights)) for weights in draws])


def _draws(rows: int, rng: np.random.Generator) -> Iterator[Numbers]:
    """How often each of `DRAWS` samples with replacement holds each row, some draws at a time."""
    at_once = max(1, _CELLS // rows)
    for first in range(0, DRAWS, at_once):
        count = min(at_once, DRAWS - first)
        drawn = (np.bincount(rng.integers(rows, size=rows), minlength=rows) for _ in range(count))
        yield np.stack(list(drawn)).astype(np.float64)


def _percentiles(gains: Numbers, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    if len(gains) * tail < 5:  # so far out there are too few draws to take a percentile of
        centre, spread = float(gains.mean()), float(gains.std(ddof=1))
        reach = t_quantile(confidence, len(gains) - 1) * spread
        method = f"paired bootstrap, {DRAWS:,} draws, normal"
        return Interval(centre - reach, centre + reach, method)
    # A draw on which the metric is not defined speaks for either side: it widens both ends.
    undefined = np.isnan(gains)
    low = _quantile(np.where(undefined, -np.inf, gains), tail)
    high = _quantile(np.where(undefined, np.inf, gains), 1 - tail)
    return Interval(low, high, f"paired bootstrap, {DRAWS:,} draws")


def _quantile(values: Numbers, p: float) -> float:
    """The p-quantile, linear between neighbours; infinite next to an infinite neighbour."""
    place = p * (len(values) - 1)
    below, above = np.sort(values)[[math.floor(place), math.ceil(place)]].tolist()
    if below == above or not (math.isfinite(below) and math.isfinite(above)):
        return float(below if p < 0.5 else above)
    return float(below + (above - below) * (place - math.floor(place)))
