"""The encoding that moments teach, and a design of few rows that has the products of all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keepfit.config.schema.rows import Encode
from keepfit.errors import UserError
from keepfit.kinds.encode import Codes, Floats
from keepfit.kinds.encoding import Category, Encoding, Number
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.moments import Levels, Moments, filled

Medians = Callable[[], Floats]  # of each number's finite values; NaN where it has none


@dataclass(frozen=True, slots=True)
class Compressed:
    """Moments with every missing number filled."""

    encoding: Encoding
    moments: Moments
    means: Floats  # (cells, columns)
    factor: Floats  # (rows, columns)
    target: float  # the target's mean

    def design(self, *, intercept: bool, scale: bool) -> tuple[Design, Floats]:
        """The design and its target, from which its mean is taken where an intercept can give it
        back: a row a cell, times the root of its count, then the factor's, which have no intercept
        and no levels."""
        numbers = self.encoding.numbers
        centred = intercept or scale
        centre = np.array([n.mean if centred else 0.0 for n in numbers], dtype=np.float64)
        unit = np.array([(scale and n.deviation) or 1.0 for n in numbers], dtype=np.float64)
        roots = np.sqrt(self.moments.counts)
        around = np.zeros(len(self.factor))
        root, last = np.append(roots, around), len(numbers)
        cells = (self.means[:, :last] - centre) / unit * roots[:, None]
        rest = self.factor[:, :last] / unit
        ones = root[:, None][:, : int(intercept)]
        design = Design(
            dense=np.asfortranarray(np.hstack([ones, np.vstack([cells, rest])])),
            codes=tuple(
                np.append(self._codes(place), np.zeros(len(around), dtype=np.intp))
                for place in range(len(self.encoding.categories))
            ),
            sizes=tuple(category.size for category in self.encoding.categories),
            intercept=intercept,
            centre=centre,
            unit=unit,
            root=root,
        )
        target = self.means[:, -1] - (self.target if intercept else 0.0)
        return design, np.append(target * roots, self.factor[:, -1])

    def _codes(self, place: int) -> Codes:
        category, levels = self.encoding.categories[place], self.moments.categories[place]
        size, kept = category.size, len(category.levels)
        known = levels.values.is_in(list(category.levels)).to_numpy()
        places = np.where(known, np.cumsum(known) - 1, size)
        # a missing one comes after all levels, which is `size` where it is no level itself
        renamed: Codes = np.append(places, kept)[self.moments.codes[:, place]]
        return renamed


def compressed(moments: Moments, encode: Encode, medians: Medians | None = None) -> Compressed:
    """What the moments teach, filled as `encode` says; UserError for numbers beyond any float."""
    fills = _fills(moments, encode, medians)
    means, factor = filled(moments, fills[list(moments.absent)])
    last, counts = len(moments.numbers), moments.counts
    centre = _grand(means, counts)
    squares = np.sum(factor**2, axis=0) + counts @ (means - centre) ** 2
    deviations = np.sqrt(squares / counts.sum())
    for place, name in enumerate(moments.numbers):
        if not np.isfinite(deviations[place]):
            raise UserError(
                f"column `{name}` holds numbers whose squares are beyond any float",
                hint=f'make them smaller under `derive`, such as "{name} / 1e100"',
            )
    numbers = tuple(
        Number(
            name=name,
            fill=None if encode.missing == "fail" else float(fills[place]),
            mean=float(centre[place]),
            deviation=float(deviations[place]),
        )
        for place, name in enumerate(moments.numbers[:last])
    )
    categories = tuple(
        _category(levels, moments.codes[:, place], counts, encode.rare)
        for place, levels in enumerate(moments.categories)
    )
    encoding = Encoding(numbers=numbers, categories=categories)
    return Compressed(encoding, moments, means, factor, target=float(centre[-1]))


def _fills(moments: Moments, encode: Encode, medians: Medians | None) -> Floats:
    last = len(moments.numbers)
    if encode.missing == "median" and medians:
        return np.nan_to_num(medians())
    if encode.missing == "zero":
        return np.zeros(last)
    centre, rows = _grand(moments.means, moments.counts), moments.counts.sum()
    fills: Floats = centre[:last].copy()
    for at, place in enumerate(moments.absent):
        stand_in = float(np.nan_to_num(moments.stand_in[at]))
        there = rows - np.rint(centre[last + at] * rows)
        fills[place] = stand_in + (rows * (centre[place] - stand_in) / there if there else 0.0)
    return fills


def _grand(means: Floats, counts: Floats) -> Floats:
    # from the first, so that a constant column has no deviation at all
    grand: Floats = means[0] + counts @ (means - means[0]) / counts.sum()
    return grand


def _category(levels: Levels, codes: Codes, counts: Floats, rare: int) -> Category:
    rows = np.bincount(codes + 1, counts, minlength=levels.values.len() + 1)
    return Category(
        name=levels.name,
        dtype=levels.dtype,
        levels=tuple(levels.values.filter(rows[1:] >= rare).to_list()),
        missing=bool(rows[0] >= rare),
    )
