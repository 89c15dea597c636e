"""The naive predictor, which knows the training target and nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl

from keepfit.evaluate.names import REGRESSION
from keepfit.kinds.base import Prediction


def naive(target: pl.Series, rows: int, task: str) -> Prediction:
    """
    The same answer for each of `rows` rows, from the training target.

    Numbers: the mean. Classes: their shares as probabilities, and the most frequent label (of
    equals the first).
    """
    if task == REGRESSION:
        return Prediction(pl.repeat(target.cast(pl.Float64).mean(), rows, eager=True))
    counted = target.alias("label").drop_nulls().value_counts(name="rows").sort("label")
    shares = counted["rows"].to_numpy() / counted["rows"].sum()
    labels = counted["label"]
    return Prediction(
        labels.gather([int(np.argmax(shares))] * rows),
        np.tile(shares, (rows, 1)),
        tuple(labels.to_list()),
    )
