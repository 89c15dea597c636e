"""What linear regressions need to know of any number of rows: a count and means for each
combination of levels, and one triangular factor of what lies around those means.

The rows and their moments have the same products of columns, so they have the same least squares.
Factors are joined, never squared: the answer keeps the digits that a decomposition of all rows
gives (TSQR: Demmel, Grigori, Hoemmen, Langou 2012; joined means: Chan, Golub, LeVeque 1979).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from keepfit.kinds.encode import Codes, Floats
from keepfit.kinds.encoding import Dtype

_FITS = 1 << 62  # a combination of codes below it is one number
KEPT = 1e-2  # least eigenvalue of a correlation matrix that may be factored by itself


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of a category that some rows have; a missing one is no level here, but -1."""

    name: str
    dtype: Dtype
    values: pl.Series  # sorted, distinct


@dataclass(frozen=True, slots=True)
class Moments:
    """Some rows: their columns are the numbers, then a 1 where a number was missing for each of
    `absent`, then the target. A missing number is held as its `stand_in`."""

    numbers: tuple[str, ...]
    absent: tuple[int, ...]  # places of the numbers that a row lacks
    stand_in: Floats  # a number for each of `absent`; NaN where no row has one: they are held as 0
    categories: tuple[Levels, ...]
    codes: Codes  # (cells, categories): the level of each; -1 is a missing one
    counts: Floats  # (cells,): rows
    means: Floats  # (cells, columns)
    factor: Floats  # (rows, columns): R'R are the products of what lies around the means

    @property
    def rows(self) -> int:
        """How many rows they stand for."""
        return int(self.counts.sum())


def merged(one: Moments, other: Moments) -> Moments:
    """The moments of the rows of both, which have the same columns."""
    one, other = _aligned(one, other)
    categories, codes = _shared_levels(one, other)
    cells, places = _cells(codes, [levels.values.len() for levels in categories])
    mine, theirs = places[: len(one.counts)], places[len(one.counts) :]
    before, after = np.zeros(len(cells)), np.zeros(len(cells))
    before[mine], after[theirs] = one.counts, other.counts
    counts = before + after
    left = np.zeros((len(cells), one.means.shape[1]))
    right = left.copy()
    left[mine], right[theirs] = one.means, other.means
    both = (before > 0) & (after > 0)
    steps = right[both] - left[both]
    means = np.where((before > 0)[:, None], left, right)
    means[both] += steps * (after[both] / counts[both])[:, None]
    apart = steps * np.sqrt(before[both] * after[both] / counts[both])[:, None]
    return replace(
        one,
        categories=categories,
        codes=codes[cells],
        counts=counts,
        means=means,
        factor=joined([one.factor, other.factor, apart]),
    )


def joined(factors: Sequence[Floats]) -> Floats:
    """A factor with the products of all of them."""
    width = factors[0].shape[1]
    rows = np.vstack([_reduced(factor, 4 * width + 4) for factor in factors])
    return _householder(rows) if len(rows) > width else rows


def _reduced(rows: Floats, most: int) -> Floats:
    return rows if len(rows) <= most else triangle(rows.T @ rows, lambda: rows)


def triangle(products: Floats, rows: Callable[[], Floats]) -> Floats:
    """A triangular R with R'R = `products`, which are those of the columns of `rows`: by Cholesky
    where the columns are far from being alike, so that squaring them has cost no digits, else by
    Householder's QR."""
    with np.errstate(invalid="ignore"):
        lengths = np.sqrt(np.diag(products))
    alive = np.flatnonzero(lengths[:-1])
    unit = lengths[alive]
    alike = products[np.ix_(alive, alive)] / np.outer(unit, unit)
    if not np.isfinite(lengths).all() or not _apart(alike):
        return _householder(rows())
    factor = np.zeros_like(products)
    upper = np.linalg.cholesky(alike).T
    target = np.linalg.solve(upper.T, products[alive, -1] / unit)
    factor[np.ix_(alive, alive)] = upper * unit
    factor[alive, -1] = target
    # the target's own rest is no column of any system: rounding it costs the answer nothing
    factor[-1, -1] = np.sqrt(max(float(products[-1, -1] - target @ target), 0.0))
    return factor


def _householder(rows: Floats) -> Floats:
    factor: Floats = np.asarray(np.linalg.qr(rows, mode="r"))
    return factor


def combined(codes: Sequence[Codes], sizes: Sequence[int], rows: int) -> tuple[Codes, Codes]:
    """(a row of each distinct combination in sorted order, the place of each row's own); codes
    begin at -1."""
    key, most = np.zeros(rows, dtype=np.int64), 1
    for one, size in zip(codes, sizes, strict=True):
        if most * (size + 1) >= _FITS:
            values, key = np.unique(key, return_inverse=True)
            most = len(values)
        key, most = key * (size + 1) + (one + 1), most * (size + 1)
    _, first, places = np.unique(key, return_index=True, return_inverse=True)
    return first, places


def _apart(alike: Floats) -> bool:
    if not np.isfinite(alike).all():
        return False
    return not alike.size or bool(np.linalg.eigvalsh(alike)[0] >= KEPT)


def _cells(codes: Codes, sizes: Sequence[int]) -> tuple[Codes, Codes]:
    return combined(list(codes.T), sizes, len(codes))


def _aligned(one: Moments, other: Moments) -> tuple[Moments, Moments]:
    """Both with the same columns for missing numbers, and the same numbers in their place."""
    absent = tuple(sorted({*one.absent, *other.absent}))
    if not absent:
        return one, other
    first, second = _with_absent(one, absent), _with_absent(other, absent)
    wanted = np.where(np.isnan(first.stand_in), second.stand_in, first.stand_in)
    return _standing(first, wanted), _standing(second, wanted)


def _with_absent(moments: Moments, absent: tuple[int, ...]) -> Moments:
    if moments.absent == absent:
        return moments
    width = len(moments.numbers)
    there = [width + absent.index(place) for place in moments.absent]
    columns = [*range(width), *there, width + len(absent)]
    means = np.zeros((len(moments.means), width + len(absent) + 1))
    factor = np.zeros((len(moments.factor), means.shape[1]))
    means[:, columns], factor[:, columns] = moments.means, moments.factor
    stand_in = np.full(len(absent), np.nan)
    stand_in[[absent.index(place) for place in moments.absent]] = moments.stand_in
    return replace(moments, absent=absent, stand_in=stand_in, means=means, factor=factor)


def _standing(moments: Moments, wanted: Floats) -> Moments:
    """The same rows with other numbers in place of missing ones."""
    means, factor = filled(moments, wanted)
    return replace(moments, stand_in=wanted, means=means, factor=factor)


def filled(moments: Moments, values: Floats) -> tuple[Floats, Floats]:
    """Means and factor with `values` for the missing numbers of `absent`; NaN: as they are held."""
    means, factor = moments.means.copy(), moments.factor.copy()
    steps = np.nan_to_num(values) - np.nan_to_num(moments.stand_in)
    for at, (place, step) in enumerate(zip(moments.absent, steps, strict=True)):
        if step:
            ones = len(moments.numbers) + at
            means[:, place] += step * means[:, ones]
            factor[:, place] += step * factor[:, ones]
    return means, factor


def _shared_levels(one: Moments, other: Moments) -> tuple[tuple[Levels, ...], Codes]:
    """The levels of both, and their cells' codes below each other in these."""
    categories, columns = [], []
    for at, (mine, theirs) in enumerate(zip(one.categories, other.categories, strict=True)):
        levels = pl.concat([mine.values, theirs.values]).unique().sort()
        categories.append(replace(mine, values=levels))
        columns.append(
            np.concatenate(
                [
                    _renamed(mine.values, one.codes[:, at], levels),
                    _renamed(theirs.values, other.codes[:, at], levels),
                ]
            )
        )
    height = len(one.counts) + len(other.counts)
    codes = np.stack(columns, axis=1) if columns else np.zeros((height, 0), dtype=np.intp)
    return tuple(categories), codes


def _renamed(old: pl.Series, codes: Codes, levels: pl.Series) -> Codes:
    if old.len() == levels.len():
        return codes
    places = levels.search_sorted(old).to_numpy().astype(np.intp)
    return np.append(places, -1)[codes]  # -1 is the last
