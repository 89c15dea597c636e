"""Scores of classes as labels and probabilities."""

from __future__ import annotations

import numpy as np
import polars as pl

from keepfit.kinds.base import Prediction
from keepfit.kinds.encode import Floats
from keepfit.records.base import Label

PREDICTION = "prediction"


def prediction_of(scores: Floats, classes: tuple[Label, ...]) -> Prediction:
    """What (outputs, rows) of scores say: the values; or labels with their probabilities, of two
    classes by the log odds of the second, of more by a score each."""
    if not classes:
        return Prediction(pl.Series(PREDICTION, scores[0]))
    shares = two_shares(scores[0]) if len(scores) == 1 else softmax(scores)
    # the same comparison as an expression's: shares may be alike where scores are not
    best = (scores[0] > 0).astype(np.intp) if len(scores) == 1 else np.argmax(scores, axis=0)
    return Prediction(pl.Series(PREDICTION, classes).gather(best), shares, classes)


def two_shares(scores: Floats) -> Floats:
    """(rows, 2): the probabilities of the two classes for the log odds of the second."""
    small = np.exp(-np.abs(scores))  # never above 1, so nothing overflows
    likely, unlikely = 1.0 / (1.0 + small), small / (1.0 + small)
    second = scores > 0
    return np.stack(
        [np.where(second, unlikely, likely), np.where(second, likely, unlikely)], axis=1
    )


def softmax(scores: Floats) -> Floats:
    """(rows, classes): the probabilities for a row of scores a class."""
    highest = scores.max(axis=0)
    raised = [np.exp(score - highest) for score in scores]
    total = raised[0].copy()
    for one in raised[1:]:
        total += one  # in one fixed order, as in `_scores`
    return np.stack([one / total for one in raised], axis=1)
