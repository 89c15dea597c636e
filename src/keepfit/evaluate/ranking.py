"""Metrics of the order in which the probabilities put the rows; scorers as in `weighted`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from keepfit.evaluate.dependence import Units
from keepfit.evaluate.sample import NotMeasurable, Numbers, Sample, chances
from keepfit.evaluate.weighted import Scorer, divide, mean_of_defined, several

BINS = 1_000  # into which scores are put where draws are of units, shared by the classes
LEAST_BINS = 100

# counts (draws, rows) -> (hits, rows) so far (draws, groups), from the highest score downwards;
# rows with equal scores are one group, for nothing says which of them comes first
Curve = Callable[[Numbers], tuple[Numbers, Numbers]]


def curve(score: Numbers, hit: np.ndarray, units: Units | None = None, bins: int = BINS) -> Curve:
    """
    How hits and rows add up from the highest score downwards; sorted once for all draws.

    Of draws of units, scores in one of `bins` bins count as equal: half of the bins hold as many
    rows as each other, half as many hits.
    """
    if units is not None:
        return _binned(score, hit, units, bins)
    order = np.argsort(-score)
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    hits = hit[order].astype(np.float64)
    untied = len(ends) == len(order)

    def add_up(weights: Numbers) -> tuple[Numbers, Numbers]:
        sorted_weights = weights[:, order]
        found, rows = np.cumsum(sorted_weights * hits, axis=1), np.cumsum(sorted_weights, axis=1)
        return (found, rows) if untied else (found[:, ends], rows[:, ends])

    return add_up


def _binned(score: Numbers, hit: np.ndarray, units: Units, bins: int) -> Curve:
    of = partial(np.quantile, q=np.linspace(0, 1, bins // 2), method="nearest")
    edges = np.unique(np.concatenate([of(score), of(score[hit])]))
    number = len(edges) - np.searchsorted(edges, score, side="right")  # the highest score first
    place, cells = units.codes * (len(edges) + 1) + number, units.count * (len(edges) + 1)
    shape = units.count, len(edges) + 1
    rows = np.bincount(place, minlength=cells).reshape(shape).astype(np.float64)
    hits = np.bincount(place[hit], minlength=cells).reshape(shape).astype(np.float64)
    return lambda counts: (np.cumsum(counts @ hits, axis=1), np.cumsum(counts @ rows, axis=1))


def roc_auc(sample: Sample, units: Units | None = None) -> Scorer:
    """
    The share of pairs of a hit and a miss that are in the right order, ties counted half.

    Of two classes for the second; of more the mean over the classes that the rows hold, each
    against all others.
    """
    return _each_class(sample, _area_under_roc, units)


def pr_auc(sample: Sample, units: Units | None = None) -> Scorer:
    """The average precision: precision at every score, weighted by the recall it adds."""
    return _each_class(sample, _average_precision, units)


def lift(sample: Sample, units: Units | None = None, *, percent: float) -> Scorer:
    """
    How many times the share of hits in the top `percent` of the rows exceeds that in all rows.

    Of rows that tie at the edge, as many hits count as a blind choice among them would bring.
    """
    truth, probabilities = chances(sample)
    if len(sample.classes) != 2:
        raise NotMeasurable(f"it is for two classes, and there are {len(sample.classes)}")
    several(truth, sample)
    add_up = curve(probabilities[:, 1], truth == 1, units)

    def score(weights: Numbers) -> Numbers:
        found, rows = add_up(weights)
        top = rows[:, -1] * percent / 100
        hits = [
            np.interp(edge, np.append(0, r), np.append(0, f))
            for edge, r, f in zip(top, rows, found, strict=True)
        ]
        return divide(np.array(hits) / top, found[:, -1] / rows[:, -1])

    return score


def _each_class(
    sample: Sample, area: Callable[[Curve, Numbers], Numbers], units: Units | None
) -> Scorer:
    truth, probabilities = chances(sample)
    present = several(truth, sample)
    asked = [1] if len(sample.classes) == 2 else present
    bins = max(LEAST_BINS, BINS // len(asked))
    areas = [partial(area, curve(probabilities[:, k], truth == k, units, bins)) for k in asked]
    return lambda weights: mean_of_defined(np.stack([area(weights) for area in areas], axis=1))


def _area_under_roc(add_up: Curve, weights: Numbers) -> Numbers:
    found, rows = add_up(weights)
    missed = rows - found
    heights = found - np.diff(found, axis=1, prepend=0) / 2
    area = (np.diff(missed, axis=1, prepend=0) * heights).sum(axis=1)
    return divide(area, found[:, -1] * missed[:, -1])


def _average_precision(add_up: Curve, weights: Numbers) -> Numbers:
    found, rows = add_up(weights)
    precision = np.divide(found, rows, out=np.zeros_like(found), where=rows > 0)
    area = (np.diff(found, axis=1, prepend=0) * precision).sum(axis=1)
    return divide(area, np.where(rows[:, -1] > found[:, -1], found[:, -1], 0))
