"""What is left of the truth once the prediction is taken from it."""

from __future__ import annotations

import numpy as np

from keepfit.evaluate.exhibits.rounding import all_rounded, every_nth, parts, rounded
from keepfit.evaluate.sample import Numbers, Sample, numbers
from keepfit.records.exhibits import ResidualBin, Residuals

BINS, LEAST, BARS = 10, 5, 24


def residuals(sample: Sample) -> Residuals:
    """Residuals by prediction, and their histogram; NotMeasurable where a number is missing."""
    truth, said = (values[every_nth(len(values))] for values in numbers(sample))
    left = truth - said
    order = np.argsort(said, kind="stable")
    bins = [_bin(truth[order[part]], said[order[part]]) for part in parts(len(said), LEAST, BINS)]
    edges = _edges(left)
    counts, _ = np.histogram(left, edges)
    return Residuals(
        bins=tuple(bins),
        edges=all_rounded(edges.tolist()),
        counts=tuple(counts.tolist()),
        below=int((left < edges[0]).sum()),
        above=int((left > edges[-1]).sum()),
        rows=len(left),
    )


def _bin(truth: Numbers, said: Numbers) -> ResidualBin:
    low, middle, high = np.quantile(truth - said, (0.1, 0.5, 0.9)).tolist()
    return ResidualBin(
        rows=len(said),
        predicted=rounded(float(said.mean())),
        truth=rounded(float(truth.mean())),
        low=rounded(low),
        middle=rounded(middle),
        high=rounded(high),
    )


def _edges(left: Numbers) -> Numbers:
    """From the first to the ninety-ninth percentile: a few far out would flatten all the rest."""
    low, high = np.quantile(left, (0.01, 0.99)).tolist()
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, min(BARS, max(4, len(left) // 10)) + 1)
