"""Many linear models of the same numbers as one table: each row is answered by its own, and gets
the bits that it gets from that model alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.kinds.base import Fitted
from keepfit.kinds.encode import Floats, column, floats_of
from keepfit.kinds.linear.plain import PlainModel
from keepfit.kinds.scores import PREDICTION


@dataclass(frozen=True, slots=True)
class Lines:
    """The models below each other."""

    numbers: tuple[str, ...]
    fills: Floats  # (models, numbers): stands for a missing one
    weights: Floats  # (models, numbers)
    intercepts: Floats  # (models,)

    @np.errstate(over="ignore", invalid="ignore")  # infinite, as a model alone says
    def predict(self, rows: pl.DataFrame, whose: NDArray[np.int64]) -> pl.Series:
        """The answer for each row by the model of its place in `whose`, the first being -1."""
        models = whose + 1
        scores = self.intercepts[models]
        for place, name in enumerate(self.numbers):
            values = floats_of(column(rows, name))
            finite = np.isfinite(values)
            if not finite.all():
                values = np.where(finite, values, self.fills[models, place])
            scores += self.weights[models, place] * values
        return pl.Series(PREDICTION, scores)


def lines_of(models: Sequence[Fitted]) -> Lines | None:
    """The models as one table; None where they are anything but regressions of the same numbers, or
    refuse a row without one."""
    plain = [model.plain for model in models if isinstance(model, PlainModel)]
    if len(plain) < len(models):
        return None
    names = tuple(number.name for number in plain[0].encoding.numbers)
    for one in plain:
        numbers = one.encoding.numbers
        if (
            one.classes
            or one.encoding.categories
            or tuple(number.name for number in numbers) != names
            or any(number.fill is None for number in numbers)
        ):
            return None
    fills = [[number.fill for number in one.encoding.numbers] for one in plain]
    return Lines(
        numbers=names,
        fills=np.array(fills, dtype=np.float64),
        weights=np.array([one.outputs[0].numbers for one in plain], dtype=np.float64),
        intercepts=np.array([one.outputs[0].intercept for one in plain]),
    )
