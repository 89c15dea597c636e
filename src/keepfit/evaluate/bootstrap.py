"""The interval of a gain that only all rows together have: metrics on rows drawn again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from keepfit.evaluate.dependence import Units
from keepfit.evaluate.intervals import Interval, Tails, freedom_of, inflation
from keepfit.evaluate.metrics import Metric, Whole
from keepfit.evaluate.quantiles import t_quantile
from keepfit.evaluate.sample import NotMeasurable, Numbers, Sample
from keepfit.evaluate.weighted import Scorer

DRAWS = 1_000
MANY = 10_000  # rows from which they are drawn in groups
GROUPS = 2_000
_CELLS = 2_000_000  # counts held at a time: 16 MB, several times over


def around_gain(  # noqa: PLR0913 two sides, and how to compare them
    metric: Metric,
    how: Whole,
    challenger: Sample,
    champion: Sample,
    gain: float,
    *,
    units: Units | None,
    tails: Tails,
    rng: np.random.Generator,
) -> Interval:
    """
    The percentile interval of the gain on 1,000 draws of units, the same for both sides.

    Without units each row is one. Units with lags are drawn in blocks as long as their lags and one
    (the circular block bootstrap of Politis and Romano, 1992). From 10,000 rows on, rows or
    clusters are put at random into 2,000 groups, and these are drawn: so each side is read once,
    and not once a draw. The ends lie as far out as Student's t asks for with so few units
    (Hesterberg, 2015, The American Statistician 69, 371-386).
    """
    if units is not None and units.count < 2:
        raise NotMeasurable(f"all {challenger.size:,} rows are one {units.name}; expected several")
    each = units or Units(np.arange(challenger.size), challenger.size, "row")
    grouped = _grouped(each, challenger.size, rng)
    ours, theirs = (_on_units(how, side, grouped, units) for side in (challenger, champion))
    sign = 1 if metric.better == "higher" else -1
    draws = _draws(grouped, challenger.size, rng)
    gains = np.concatenate([sign * (ours(weights) - theirs(weights)) for weights in draws])
    if challenger.size > MANY:  # there scores share bins, which moves the gain a little
        ones = np.ones((1, grouped.count))
        gains += gain - sign * float((ours(ones) - theirs(ones))[0])
    ends = _farther_out(tails, freedom_of(each), inflation(each))
    return percentiles(gains, ends, f"paired bootstrap, {DRAWS:,} draws{_of(grouped, units)}")


def _grouped(units: Units, rows: int, rng: np.random.Generator) -> Units:
    """Independent units put together at random where there are too many to draw each."""
    if rows <= MANY or units.count <= GROUPS or units.lags:
        return units
    group = rng.permutation(units.count) % GROUPS
    return replace(units, codes=group[units.codes], count=GROUPS)


def _on_units(how: Whole, sample: Sample, grouped: Units, units: Units | None) -> Scorer:
    if sample.size > MANY:
        return how.scorer(sample, grouped)
    scorer = how.scorer(sample)
    return scorer if units is None else lambda weights: scorer(weights[:, grouped.codes])


def _of(grouped: Units, units: Units | None) -> str:
    """What is drawn, in words; nothing is said of single rows."""
    if grouped.lags:
        return f" of {grouped.count:,} {grouped.name}s in blocks of {grouped.lags + 1}"
    if units is None:
        return f" of {GROUPS:,} groups of rows" if grouped.name == "row" and _fewer(grouped) else ""
    if _fewer(grouped):
        return f" of {GROUPS:,} groups of {units.count:,} {units.name}s"
    return f" of {units.count:,} {units.name}s"


def _fewer(grouped: Units) -> bool:
    return grouped.count == GROUPS and len(grouped.codes) > MANY


def _draws(units: Units, rows: int, rng: np.random.Generator) -> Iterator[Numbers]:
    """How often each of `DRAWS` samples with replacement holds each unit, some draws at a time."""
    at_once = max(1, _CELLS // max(units.count, rows if rows <= MANY else 0))
    for first in range(0, DRAWS, at_once):
        count = min(at_once, DRAWS - first)
        yield np.stack([_draw(units, rng) for _ in range(count)]).astype(np.float64)


def _draw(units: Units, rng: np.random.Generator) -> NDArray[np.intp]:
    n, length = units.count, units.lags + 1
    if length == 1:
        return np.bincount(rng.integers(n, size=n), minlength=n)
    starts = rng.integers(n, size=-(-n // length))
    drawn = (starts[:, None] + np.arange(length)).ravel()[:n] % n
    return np.bincount(drawn, minlength=n)


def _farther_out(tails: Tails, freedom: float, factor: float) -> Tails:
    """The tails at which the normal reaches as far as Student's t on an inflated error."""
    low, high = (
        NormalDist().cdf(-t_quantile(1 - 2 * tail, freedom) * math.sqrt(factor)) for tail in tails
    )
    return Tails(low, high)


def percentiles(gains: Numbers, tails: Tails, method: str) -> Interval:
    """The gains between the tails; where too few draws lie so far out, by the normal."""
    # A draw on which the metric is not defined speaks for either side: it widens both ends.
    undefined = np.isnan(gains)
    far = min(tails) * len(gains) < 5
    centre, spread = float(gains.mean()), float(gains.std(ddof=1))

    def end(tail: float, side: int) -> float:
        if tail * len(gains) < 5:
            return centre + side * t_quantile(1 - 2 * tail, len(gains) - 1) * spread
        held = np.where(undefined, side * np.inf, gains)
        return _quantile(held, tail if side < 0 else 1 - tail)

    low, high = end(tails.low, -1), end(tails.high, 1)
    return Interval(low, high, f"{method}, normal" if far else method)


def _quantile(values: Numbers, p: float) -> float:
    """The p-quantile, linear between neighbours; infinite next to an infinite neighbour."""
    place = p * (len(values) - 1)
    below, above = np.sort(values)[[math.floor(place), math.ceil(place)]].tolist()
    if below == above or not (math.isfinite(below) and math.isfinite(above)):
        return float(below if p < 0.5 else above)
    return float(below + (above - below) * (place - math.floor(place)))
