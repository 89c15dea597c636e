"""Errors in the unit that the business counts in: posts, not posts per bed."""

from __future__ import annotations

import numpy as np
import polars as pl


def posts_mae(truth: np.ndarray, prediction: np.ndarray, rows: pl.DataFrame) -> float:
    """The mean absolute error of a home's posts: the error per bed times its beds."""
    return float(_posts_off(truth, prediction, rows).mean())


def posts_within_10(truth: np.ndarray, prediction: np.ndarray, rows: pl.DataFrame) -> float:
    """The share of homes whose posts are predicted to within 10."""
    return float((_posts_off(truth, prediction, rows) <= 10).mean())


def posts_within_25(truth: np.ndarray, prediction: np.ndarray, rows: pl.DataFrame) -> float:
    """The share of homes whose posts are predicted to within 25."""
    return float((_posts_off(truth, prediction, rows) <= 25).mean())


def _posts_off(truth: np.ndarray, prediction: np.ndarray, rows: pl.DataFrame) -> np.ndarray:
    beds: np.ndarray = rows["beds"].to_numpy()
    off: np.ndarray = np.abs(truth - prediction) * beds
    return off
