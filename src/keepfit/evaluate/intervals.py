"""Intervals of a mean difference between two sides, from one difference a row."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from keepfit.evaluate.dependence import Units
from keepfit.evaluate.quantiles import beta_quantile, t_quantile
from keepfit.evaluate.sample import NotMeasurable, Numbers
from keepfit.evaluate.weighted import summed

FEW = 1_000  # differing rows up to which the exact test of McNemar is asked as well
FEW_UNITS = 20  # the same of units, whose sizes it does not see, so that it is blunter than t


class Interval(NamedTuple):
    """The interval of a gain, and how it was found."""

    low: float
    high: float
    method: str


class Tails(NamedTuple):
    """How probable it may be that a gain is below the low end, and above the high end."""

    low: float
    high: float

    @classmethod
    def of(cls, confidence: float, shared: int = 1) -> Tails:
        """Of a two-sided interval whose upper end shares its doubt with other claims of a loss."""
        tail = (1 - confidence) / 2
        return cls(tail, tail / shared)


def widest(intervals: list[Interval]) -> Interval:
    """The interval that holds all of them, by all their methods."""
    if len(intervals) == 1:
        return intervals[0]
    methods = dict.fromkeys(interval.method for interval in intervals)
    method = " and ".join(methods) + (", the wider" if len(methods) > 1 else "")
    return Interval(min(i.low for i in intervals), max(i.high for i in intervals), method)


def around_mean(differences: Numbers, units: Units | None, tails: Tails) -> Interval:
    """
    The interval of the mean by Student's t, over units whose rows may depend on each other.

    Without units each row is one: the paired t-test. Clusters: the standard error of Liang and
    Zeger (1986), with the freedom of the effective number of clusters (Carter, Schnepel and
    Steigerwald, 2017). Units with lags: the test of Diebold and Mariano (1995) with the weights of
    Newey and West (1987) and the small-sample correction of Harvey, Leybourne and Newbold (1997).
    Units that hold several rows enter with the sum of what is above or below the mean.
    """
    mean, rows = float(differences.mean()), len(differences)
    if units is None:
        error, freedom = float(differences.std(ddof=1)) / math.sqrt(rows), rows - 1.0
    else:
        if units.count < 2:
            raise NotMeasurable(f"all {rows:,} rows are one {units.name}; expected several")
        sums = summed(differences - mean, units)
        variance = _long_run(sums, units.lags) * inflation(units)
        error, freedom = math.sqrt(variance) / rows, freedom_of(units)
    return Interval(
        mean - t_quantile(1 - 2 * tails.low, freedom) * error,
        mean + t_quantile(1 - 2 * tails.high, freedom) * error,
        in_words(units),
    )


def _long_run(sums: Numbers, lags: int) -> float:
    """The variance of the total of a series, with Bartlett's weights for what lies apart."""
    total = float(sums @ sums)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(sums[lag:] @ sums[:-lag])
    return max(total, 0.0)


def inflation(units: Units) -> float:
    """By what a variance over so few units is too small: n / (n - 1), more where units have lags.

    Harvey, Leybourne and Newbold (1997), International Journal of Forecasting 13, 281-291, for
    forecasts of as many steps as there are lags and one.
    """
    n, steps = units.count, units.lags + 1
    return n / (n + 1 - 2 * steps + steps * (steps - 1) / n)


def freedom_of(units: Units) -> float:
    """Degrees of freedom: the number of units less one; of clusters of unequal size fewer."""
    if units.name != "cluster":
        return units.count - 1.0
    sizes = np.bincount(units.codes, minlength=units.count).astype(np.float64) ** 2
    effective = units.count / (1 + float(sizes.var()) / float(sizes.mean()) ** 2)
    return max(1.0, effective - 1)


def in_words(units: Units | None) -> str:
    """The method by which `around_mean` finds the interval over these units."""
    if units is None:
        return "paired t on per-row losses"
    many = f"{units.count:,} {units.name}s"
    if units.name == "cluster":
        return f"paired t on per-row losses, robust to {many}"
    return f"Diebold-Mariano on the losses of {many}, Newey-West with {units.lags} lags"


def mcnemar(differences: Numbers, units: Units | None, tails: Tails) -> Interval | None:
    """
    The interval that belongs to the exact test of McNemar (1947), by Clopper and Pearson (1934).

    Of the rows on which one side is right and the other wrong, the share that speaks for the
    challenger is binomial. With few such rows Student's t is too sure of itself. Of units that hold
    several rows each speaks once, for the side that is right more often. None where many differ.
    """
    sums = differences if units is None else summed(differences, units)
    better, worse = int((sums > 0).sum()), int((sums < 0).sum())
    if better + worse > (FEW if units is None else FEW_UNITS):
        return None
    low = beta_quantile(tails.low, better, worse + 1) if better else 0.0
    high = beta_quantile(1 - tails.high, better + 1, worse) if worse else 1.0
    scale = float(np.abs(sums).sum()) / len(differences)
    what = "" if units is None else f" on {units.name}s"
    return Interval((2 * low - 1) * scale, (2 * high - 1) * scale, f"exact McNemar{what}")
