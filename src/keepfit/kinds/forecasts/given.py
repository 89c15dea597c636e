"""What is known of the steps of a series beside its values, as kinds read it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from keepfit.config.schema.series import Series
from keepfit.data.steps import Floats, Given, History, Id, told
from keepfit.errors import DataRefused

_SAME = 1e-7  # of a column's length: what is left of one that others tell already


def beside(given: Given, numbers: npt.NDArray[np.int64]) -> Floats:
    """What is known of each step (steps, columns); where it is not, what lies between the nearest
    ones: a forecast that would rest on that is never told."""
    if not len(given.steps):
        return np.zeros((len(numbers), given.values.shape[1]))
    found = [np.interp(numbers, given.steps, values) for values in given.values.T]
    return np.stack(found, axis=1)


def check_given(known: Mapping[Id, History], series: Series) -> None:
    """DataRefused where a step that was observed lacks what is known beside, and none may stand
    in."""
    if not series.dynamic or series.missing != "fail":
        return
    for name, history in known.items():
        there = (history.given or Given.nothing(series)).steps
        if lost := int((~np.isin(np.arange(history.first, history.end), there)).sum()):
            raise DataRefused(
                f"series {told(name)} lacks `{'`, `'.join(series.dynamic)}` in {lost:,} of its "
                f"{len(history.values):,} steps",
                hint='bring them, or say series.missing = "interpolate": they are then made of '
                "their neighbours",
            )


def independent(columns: Floats) -> list[int]:
    """The places of the columns that change, and that those before them do not tell already."""
    kept: list[int] = []
    axes = np.empty((len(columns), 0))
    for place, values in enumerate(columns.T):
        moved = values - values.mean()
        length = float(np.linalg.norm(moved))
        if length <= _SAME * float(np.linalg.norm(values)):
            continue
        rest = moved / length
        for _ in range(2):  # once is not exact where a column is nearly told
            rest = rest - axes @ (axes.T @ rest)
        if (left := float(np.linalg.norm(rest))) > _SAME:
            kept.append(place)
            axes = np.column_stack([axes, rest / left])
    return kept
