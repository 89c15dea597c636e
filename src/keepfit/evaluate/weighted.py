"""
Metrics that are no mean over the rows, computed for many weightings of the rows at once.

A scorer takes counts (draws, rows), how often a draw holds each row, and returns one value a draw;
nan where the metric is not defined on a draw. With a single draw of ones it is the metric itself.
So the bootstrap and the metric share their arithmetic. Where rows are gathered into units, the
counts are of units, and what each holds is added up once for all draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keepfit.evaluate.dependence import Units
from keepfit.evaluate.sample import (
    Codes,
    NotMeasurable,
    Numbers,
    Sample,
    answered,
    chances,
    labels,
    numbers,
)

Scorer = Callable[[Numbers], Numbers]


def total(column: np.ndarray, units: Units | None) -> Scorer:
    """The sum of a column, one number a row, on each draw."""
    held = column.astype(np.float64)
    if units is not None:
        held = summed(held, units)
    return lambda weights: weights @ held


def summed(column: Numbers, units: Units) -> Numbers:
    """The sum of a column over the rows of each unit."""
    return np.bincount(units.codes, column, units.count).astype(np.float64)


def on_rows(scorer: Scorer, units: Units | None) -> Scorer:
    """A scorer that must see each row, for draws of units."""
    if units is None:
        return scorer
    return lambda counts: np.concatenate([scorer(draw[None, units.codes]) for draw in counts])


def r2(sample: Sample, units: Units | None = None) -> Scorer:
    """The share of the truth's variance that the prediction explains."""
    truth, said = numbers(sample)
    centred = truth - truth.mean()  # or the sum of squares loses its digits
    if not centred.any():
        raise NotMeasurable(f"the truth is {truth[0]:g} in every row: no variance to explain")

    squares, sums = total(centred**2, units), total(centred, units)
    rows, missed = total(np.ones_like(truth), units), total((truth - said) ** 2, units)

    def score(weights: Numbers) -> Numbers:
        spread = squares(weights) - sums(weights) ** 2 / rows(weights)
        return 1 - divide(missed(weights), spread)

    return score


def balanced_accuracy(sample: Sample, units: Units | None = None) -> Scorer:
    """The mean over the classes that the rows hold of the share of its rows called right."""
    truth, said = labels(sample)
    of_class = [
        (total((truth == k) & (said == k), units), total(truth == k, units))
        for k in several(truth, sample)
    ]

    def score(weights: Numbers) -> Numbers:
        shares = [divide(right(weights), held(weights)) for right, held in of_class]
        return mean_of_defined(np.stack(shares, axis=1))

    return score


def selective_accuracy(sample: Sample, units: Units | None = None) -> Scorer:
    """The share called right of the rows that are answered, whatever their `coverage`."""
    truth, said = labels(sample)
    there = answered(sample)
    right, held = total((truth == said) * there, units), total(there, units)
    return lambda weights: divide(right(weights), held(weights))


def f1(sample: Sample, units: Units | None = None) -> Scorer:
    """
    The harmonic mean of precision and recall: of the second of two classes, or the mean over all.

    Of more than two classes those count that the rows or the predictions hold.
    """
    truth, said = labels(sample)
    if len(sample.classes) < 2:
        raise NotMeasurable("there is one class only")
    asked = [1] if len(sample.classes) == 2 else np.union1d(truth, said)
    of_class = [
        (
            total((truth == k) & (said == k), units),
            total((truth == k).astype(np.int64) + (said == k), units),
        )
        for k in asked
    ]

    def score(weights: Numbers) -> Numbers:
        values = [divide(2 * right(weights), named(weights)) for right, named in of_class]
        return mean_of_defined(np.stack(values, axis=1))

    return score


def hosmer_lemeshow(sample: Sample, units: Units | None = None) -> Scorer:
    """
    How far ten groups of rows, by their probability, are from the shares that it promises.

    The statistic of Hosmer and Lemeshow (1980), Communications in Statistics A9, 1043-1069: the sum
    over the groups of (observed - expected)^2 / (n p (1 - p)), for the second of two classes. The
    groups lie between the deciles (linear between neighbours; closed above; equal deciles are one),
    as in hoslem.test of the R package ResourceSelection.
    """
    truth, probabilities = chances(sample)
    if len(sample.classes) != 2:
        raise NotMeasurable(f"it is for two classes, and there are {len(sample.classes)}")
    order = np.argsort(probabilities[:, 1], kind="stable")
    chance, hit = probabilities[order, 1], _ones(truth[order] == 1)

    def score(weights: Numbers) -> Numbers:
        counts = weights[:, order].astype(np.int64)
        return np.array([_statistic(np.repeat(chance, n), np.repeat(hit, n)) for n in counts])

    return on_rows(score, units)


def _statistic(chance: Numbers, hit: Numbers) -> float:
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, 11)))
    group = np.clip(np.searchsorted(edges, chance, side="left") - 1, 0, None)
    size = np.bincount(group)
    observed, expected = np.bincount(group, hit), np.bincount(group, chance)
    filled = size > 0
    variance = expected[filled] * (1 - expected[filled] / size[filled])
    miss = (observed - expected)[filled] ** 2
    if ((variance <= 0) & (miss > 0)).any():
        return float("nan")  # certainty was promised and not kept: the statistic has no bound
    return float(np.divide(miss, variance, out=np.zeros_like(miss), where=variance > 0).sum())


def several(truth: Codes, sample: Sample) -> Codes:
    """The classes that the rows hold, as positions; NotMeasurable if it is one alone."""
    present = np.unique(truth)
    if len(present) < 2:
        raise NotMeasurable(f"the rows hold one class only, {sample.classes[int(present[0])]!r}")
    return present


def divide(above: Numbers, below: Numbers) -> Numbers:
    """The ratio, nan where the divisor is 0."""
    nothing = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=nothing, where=below != 0))


def mean_of_defined(values: Numbers) -> Numbers:
    """The mean of each row of `values` without its nans; nan where there is nothing else."""
    return divide(np.nansum(values, axis=1), _ones(~np.isnan(values)).sum(axis=1))


def _ones(mask: np.ndarray) -> Numbers:
    return mask.astype(np.float64)
