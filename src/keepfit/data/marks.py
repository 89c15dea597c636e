"""Marks beside texts that were cleaned: which rows have no answer, and by which rule."""

from __future__ import annotations

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

MARK = "__text."  # before a column's name: the number of the rule that its text breaks, or 0


def marks(rows: pl.DataFrame) -> list[pl.Series]:
    """The marks, which whoever changes the rows must carry along."""
    return rows.select(cs.starts_with(MARK)).get_columns()


def unanswered(rows: pl.DataFrame) -> NDArray[np.bool_] | None:
    """Which of the rows are refused or too vague; None where no text is cleaned."""
    found = marks(rows)
    return np.any([mark.to_numpy() > 0 for mark in found], axis=0) if found else None


def unmarked(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without their marks."""
    return rows.drop(cs.starts_with(MARK))
