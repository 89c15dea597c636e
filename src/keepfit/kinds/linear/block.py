"""The moments of a block of rows that lies in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfit.kinds.encode import Codes, Floats, floats_of, levels_of
from keepfit.kinds.encoding import Dtype
from keepfit.kinds.linear.moments import Levels, Moments, combined, triangle

_FAR = 8.0  # how far the mean may be from the first row: its square, in variances


@dataclass(frozen=True, slots=True)
class Block:
    """Moments, and which rows could not be read as they are."""

    moments: Moments
    missing: dict[str, Codes]  # places of the rows, by the number that they lack
    strange: int  # rows whose target is not finite: they are taken for the first one's


@dataclass(frozen=True, slots=True)
class _Columns:
    """The numbers and the target as a matrix, its first column ones, less their first row."""

    matrix: Floats  # (rows, 1 + numbers + absent + 1)
    origin: Floats  # what was taken from each column but the ones
    absent: tuple[int, ...]
    missing: dict[int, Codes]  # rows, by the place of the column, the target the last


def block_of(
    rows: pl.DataFrame, roles: Mapping[str, Dtype | None], target: str, room: Floats
) -> Block:
    """What the rows come to; UserError for a column that cannot be read. `room` is a matrix with a
    row for each of the rows at least, and a column for ones and each number: it is written over."""
    numbers = tuple(name for name, role in roles.items() if role is None)
    columns = _columns([floats_of(rows.get_column(name)) for name in (*numbers, target)], room)
    categories, codes, sizes = [], [], []
    for name, role in roles.items():
        if role is not None:
            levels, places = levels_of(rows.get_column(name), role)
            categories.append(Levels(name, role, levels))
            codes.append(places)
            sizes.append(levels.len())
    if codes:
        first, cell = combined(codes, sizes, rows.height)
        counts, means, factor = _around_many(columns.matrix[:, 1:], cell)
        cells = np.stack(codes, axis=1)[first]
    else:
        counts, means, factor = _around_one(columns.matrix)
        cells = np.zeros((1, 0), dtype=np.intp)
    moments = Moments(
        numbers=numbers,
        absent=columns.absent,
        stand_in=columns.origin[list(columns.absent)],
        categories=tuple(categories),
        codes=cells,
        counts=counts,
        means=means + np.nan_to_num(columns.origin),
        factor=factor,
    )
    missing = {numbers[place]: columns.missing[place] for place in columns.absent}
    return Block(moments, missing, len(columns.missing.get(len(numbers), ())))


def _columns(values: list[Floats], room: Floats) -> _Columns:
    origin = np.array([column[0] for column in values])
    matrix = room[: len(values[0])]
    matrix[:, 0] = 1.0
    for place, column in enumerate(values):
        np.subtract(column, origin[place], out=matrix[:, 1 + place])
    # one look at the sums is quicker than one at each value, which only few blocks need
    if np.isfinite(matrix[:, 0] @ matrix).all():
        return _Columns(matrix, origin, (), {})
    return _with_missing(values)


def _with_missing(values: list[Floats]) -> _Columns:
    bad = {place: ~np.isfinite(column) for place, column in enumerate(values)}
    missing = {place: np.flatnonzero(rows) for place, rows in bad.items() if rows.any()}
    last = len(values) - 1
    absent = tuple(place for place in missing if place != last)
    origin = np.array(
        [np.append(column[~bad[place]][:1], np.nan)[0] for place, column in enumerate(values)]
    )
    matrix = np.ones((len(values[0]), 1 + len(values) + len(absent)), order="F")
    for place, column in enumerate(values):
        there = np.where(bad[place], 0.0, column - np.nan_to_num(origin[place]))
        matrix[:, 1 + place if place < last else -1] = there
    for at, place in enumerate(absent):
        matrix[:, 1 + last + at] = bad[place]
    return _Columns(matrix, np.insert(origin, last, np.zeros(len(absent))), absent, missing)


def _around_one(matrix: Floats) -> tuple[Floats, Floats, Floats]:
    """(count, mean, factor) of all rows; the first column is ones."""
    rows = len(matrix)
    mean, products = _centred(matrix)
    if (rows * mean**2 > _FAR * np.diag(products)).any():  # the first row lay far from the others
        matrix[:, 1:] -= mean
        rest, products = _centred(matrix)
    else:
        rest = mean
        mean = np.zeros_like(mean)
    factor = triangle(products, lambda: matrix[:, 1:] - rest)
    return np.array([float(rows)]), (mean + rest)[None, :], factor


def _centred(matrix: Floats) -> tuple[Floats, Floats]:
    products = matrix.T @ matrix
    mean = products[0, 1:] / len(matrix)
    return mean, products[1:, 1:] - np.outer(products[0, 1:], mean)


def _around_many(matrix: Floats, cell: Codes) -> tuple[Floats, Floats, Floats]:
    """(counts, means, factor) of the rows of each cell; `matrix` is overwritten."""
    counts = np.bincount(cell).astype(np.float64)
    means = np.stack([np.bincount(cell, column) for column in matrix.T], axis=1) / counts[:, None]
    if len(counts) == len(matrix):
        return counts, means, np.zeros((0, matrix.shape[1]))
    for place in range(matrix.shape[1]):
        matrix[:, place] -= means[cell, place]
    return counts, means, triangle(matrix.T @ matrix, lambda: matrix)
