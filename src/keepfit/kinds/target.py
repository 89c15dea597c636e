"""The target of a regression, and how it is refused."""

from __future__ import annotations

import numpy as np
import polars as pl

from keepfit.errors import DataRefused, UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.encode import Floats, column


def target_of(lesson: Lesson) -> Floats:
    """The target as finite numbers; UserError for another type, DataRefused for no
    rows or values that are not finite."""
    series = column(lesson.train, lesson.target)
    refuse_no_rows(series.len())
    refuse_no_number(series)
    values = series.cast(pl.Float64).to_numpy()
    refuse_not_finite(lesson.target, int((~np.isfinite(values)).sum()))
    return values


def refuse_no_rows(rows: int) -> None:
    """DataRefused where there are none."""
    if not rows:
        raise DataRefused("no training rows are left", hint="look at window, clean and split")


def refuse_no_number(series: pl.Series) -> None:
    """UserError for a target of another type."""
    if not series.dtype.is_numeric():
        raise UserError(
            f"target `{series.name}` is {series.dtype}; a regression expects numbers",
            hint='for classes set kind = "logistic", or one whose name ends in -classifier',
        )


def refuse_not_finite(target: str, rows: int) -> None:
    """DataRefused where so many training rows have no finite target."""
    if rows:
        raise DataRefused(
            f"target `{target}` is not finite in {rows} training rows",
            hint=f'remove them: clean = {{ finite = "is_finite({target})" }}',
        )
