"""Figures of exhibits: six significant digits, which is more than a picture shows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

MOST_ROWS = 100_000  # of which a picture is made; of more, every n-th


def rounded(value: float) -> float:
    """The value with six significant digits."""
    return float(f"{value:.6g}") + 0.0  # no minus before a zero


def all_rounded(values: Iterable[float]) -> tuple[float, ...]:
    """Each value with six significant digits."""
    return tuple(map(rounded, values))


def every_nth(rows: int, most: int = MOST_ROWS) -> slice:
    """Which of so many rows are looked at: all, or every n-th, at most `most`."""
    return slice(None, None, max(1, math.ceil(rows / most)))


def parts(rows: int, least: int, most: int) -> list[slice]:
    """At most `most` parts of so many rows, about equally large, of at least `least` rows each."""
    edges = np.linspace(0, rows, max(1, min(most, rows // least)) + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]
