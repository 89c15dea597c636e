"""How much a model leans on each feature: permutation importance (Breiman, 2001)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from keepfit.evaluate.exhibits.rounding import every_nth, rounded
from keepfit.evaluate.metrics import Metric
from keepfit.evaluate.sample import Sample
from keepfit.kinds.base import Prediction
from keepfit.records.base import Label
from keepfit.records.exhibits import Importance

MOST_FEATURES, MOST_ROWS, MOST_PREDICTIONS, REPEATS = 30, 500, 10_000, 3

Predict = Callable[[pl.DataFrame], Prediction]


def importance(  # noqa: PLR0913 a model, its rows, and how it is judged on them
    predict: Predict,
    rows: pl.DataFrame,
    features: tuple[str, ...],
    target: str,
    metric: Metric,
    classes: tuple[Label, ...],
    seed: int,
) -> tuple[tuple[Importance, ...], int]:
    """
    What each of the first 30 features is worth, the weightiest first, and on how many rows.

    `predict` answers rows that are ready: derived and transformed. At most 500 rows are shuffled,
    three times, all in one call. NotMeasurable where the metric has no value on them.
    """
    shuffled = features[:MOST_FEATURES]
    most = max(20, min(MOST_ROWS, MOST_PREDICTIONS // (REPEATS * len(shuffled))))
    few = rows[every_nth(rows.height, most)]
    seen = few.select(features)
    variants = [seen, *_shuffled(seen, shuffled, np.random.default_rng([seed, len(features)]))]
    said = predict(pl.concat(variants))
    values = [
        metric.of(Sample(few[target], _part(said, number, few.height), classes, few))
        for number in range(len(variants))
    ]
    losses = np.array([metric.gain(values[0], value) for value in values[1:]])
    worth = [
        Importance(feature=name, loss=rounded(float(of.mean())), deviation=rounded(float(of.std())))
        for name, of in zip(shuffled, losses.reshape(len(shuffled), REPEATS), strict=True)
    ]
    return tuple(sorted(worth, key=lambda one: (-one.loss, one.feature))), few.height


def _shuffled(
    rows: pl.DataFrame, features: tuple[str, ...], rng: np.random.Generator
) -> list[pl.DataFrame]:
    orders = [rng.permutation(rows.height) for _ in range(REPEATS)]  # the same for every feature
    return [rows.with_columns(rows[name].gather(order)) for name in features for order in orders]


def _part(said: Prediction, number: int, rows: int) -> Prediction:
    part = slice(number * rows, (number + 1) * rows)
    shares = None if said.probabilities is None else said.probabilities[part]
    return Prediction(said.values[part], shares, said.classes)
