"""How sure a metric of one side is."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from keepfit.evaluate.exhibits.rounding import rounded
from keepfit.evaluate.metrics import Mean, Metric
from keepfit.evaluate.quantiles import t_quantile
from keepfit.evaluate.sample import NotMeasurable, Sample
from keepfit.records.exhibits import ScoreIntervals, Span


def intervals(
    metrics: list[Metric], challenger: Sample, champion: Sample | None, confidence: float
) -> tuple[ScoreIntervals, ...]:
    """
    The interval of each metric that is a mean over the rows, for each side, at `confidence`.

    Student's t; of shares that of Wilson (1927). Rows count as independent.
    """
    return tuple(
        ScoreIntervals(
            metric=metric.name,
            challenger=_interval(metric, metric.how, challenger, confidence),
            champion=_interval(metric, metric.how, champion, confidence) if champion else None,
        )
        for metric in metrics
        if isinstance(metric.how, Mean)
    )


def _interval(metric: Metric, how: Mean, sample: Sample, confidence: float) -> Span | None:
    try:
        terms = how.terms(metric.part(sample))
    except NotMeasurable:
        return None
    if len(terms) < 2:
        return None
    if how.of == "yes or no":
        return wilson(float(terms.mean()), len(terms), confidence)
    mean, error = float(terms.mean()), float(terms.std(ddof=1)) / math.sqrt(len(terms))
    reach = t_quantile(confidence, len(terms) - 1) * error
    ends = np.array([mean - reach, mean + reach])
    if how.of == "squares":
        ends = np.sqrt(np.maximum(ends, 0))
    return Span(*map(rounded, ends.tolist())) if np.isfinite(ends).all() else None


def wilson(share: float, rows: int, confidence: float) -> Span:
    """The score interval of a share of so many rows (Wilson, 1927), within 0 and 1."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    scale = 1 + z**2 / rows
    centre = (share + z**2 / (2 * rows)) / scale
    reach = z * math.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2) / scale
    return Span(rounded(max(0.0, centre - reach)), rounded(min(1.0, centre + reach)))
