"""How much of a gain may be luck: the interval of the gain of one side over the other."""

from __future__ import annotations

import math

import numpy as np

from keepfit.evaluate.bootstrap import around_gain
from keepfit.evaluate.dependence import Dependence, Units
from keepfit.evaluate.intervals import Interval, Tails, around_mean, mcnemar, widest
from keepfit.evaluate.metrics import Mean, Metric
from keepfit.evaluate.sample import NotMeasurable, Numbers, Sample
from keepfit.records.comparison import Comparison

ALONE = Dependence()


def compare(  # noqa: PLR0913 the two sides and the facts of a comparison
    metric: Metric,
    challenger: Sample,
    champion: Sample,
    *,
    confidence: float,
    min_gain: float | None = None,
    rng: np.random.Generator,
    dependence: Dependence = ALONE,
    shared: int = 1,
) -> Comparison:
    """
    How much better the challenger is, above zero in the metric's good direction, with its luck.

    Both samples hold the same rows in the same order, which hang together as `dependence` says.
    `shared` is how many claims of a loss a verdict hangs on, this one included: their upper ends
    hold together. With `min_gain` it also says about how many rows would settle whether the gain
    exceeds it. NotMeasurable where there is no interval.
    """
    offered = challenger.size
    if (places := metric.where(challenger)) is not None:
        challenger, champion = challenger.take(places), metric.part(champion)
        dependence = dependence.take(places)
    if challenger.size < 2:
        raise NotMeasurable(f"{challenger.size} rows cannot tell a gain from luck; expected more")
    gain = metric.gain(metric.of(challenger), metric.of(champion))
    tails, ways = Tails.of(confidence, shared), list(dependence.units())
    each: list[Units | None] = [*ways] or [None]
    if isinstance(metric.how, Mean):
        differences = _differences(metric, metric.how, challenger, champion)
        found = [_on_rows(metric.how, differences, units, gain, tails) for units in each]
    else:
        found = [
            around_gain(
                metric, metric.how, challenger, champion, gain, units=units, tails=tails, rng=rng
            )
            for units in each
        ]
    interval = widest(found)
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
        left_out=offered - challenger.size,
        rows_needed=needed,
        unit=ways[0].name if ways else None,
        units=ways[0].count if ways else None,
    )


def rows_needed(gain: float, low: float, high: float, min_gain: float, rows: int) -> int | None:
    """
    About how many rows, these included, would settle whether the gain exceeds `min_gain`.

    Intervals shrink with the root of the rows, as long as clusters and days come with as many rows
    as those there are. None where it is settled, or where the gain is `min_gain` itself, which no
    number of rows settles.
    """
    if low > min_gain or high <= min_gain or gain == min_gain:
        return None
    half = gain - low if gain > min_gain else high - gain
    return max(rows + 1, math.ceil(rows * (half / (gain - min_gain)) ** 2))


def _differences(metric: Metric, how: Mean, challenger: Sample, champion: Sample) -> Numbers:
    """Per row, how much better the challenger is; of a root of a mean, to first order."""
    ours, theirs = how.terms(challenger), how.terms(champion)
    if how.of == "squares":
        ours, theirs = _of_the_root(ours), _of_the_root(theirs)
    return ours - theirs if metric.better == "higher" else theirs - ours


def _on_rows(
    how: Mean, differences: Numbers, units: Units | None, gain: float, tails: Tails
) -> Interval:
    interval = around_mean(differences, units, tails)
    if how.of == "yes or no" and (exact := mcnemar(differences, units, tails)):
        return widest([interval, exact])
    if how.of == "squares":
        # The differences are of the linearised root; they are centred on the true gain.
        shift = gain - float(differences.mean())
        method = f"{interval.method}, delta method"
        return Interval(interval.low + shift, interval.high + shift, method)
    return interval


def _of_the_root(squares: Numbers) -> Numbers:
    """Per row, its part in the root of the mean to first order; a side without error has none."""
    root = math.sqrt(float(squares.mean()))
    return squares / (2 * root) if root else squares
