"""The design matrix of a linear model, with categories as codes instead of columns of 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from keepfit.kinds.encode import Codes, Floats, codes_of, numbers_of
from keepfit.kinds.encoding import Encoding


@dataclass(frozen=True)
class Design:
    """Rows by columns: a column of ones for the intercept, the numbers, then a block a category."""

    dense: Floats  # (rows, the intercept's column if there is one, then the numbers)
    codes: tuple[Codes, ...]  # a category each: the level of every row; its size where it has none
    sizes: tuple[int, ...]  # levels a category
    intercept: bool  # whether the first column is the ones
    centre: Floats  # what was taken from each number
    unit: Floats  # what each number was then divided by
    root: Floats | None = None  # what stands for 1 in each row, if that is not 1: see `compressed`

    @property
    def rows(self) -> int:
        """How many rows it stands for."""
        return len(self.dense) if self.root is None else round(float(self.root @ self.root))

    @property
    def height(self) -> int:
        """How many rows it has."""
        return len(self.dense)

    @property
    def width(self) -> int:
        """How many coefficients it asks for."""
        return int(self.dense.shape[1]) + sum(self.sizes)

    @cached_property
    def blocks(self) -> tuple[slice, ...]:
        """Where each category's coefficients are."""
        ends = accumulate(self.sizes, initial=self.dense.shape[1])
        return tuple(slice(start, stop) for start, stop in pairwise(ends))

    @cached_property
    def penalised(self) -> Floats:
        """1 for every coefficient but the intercept's 0."""
        flags = np.ones(self.width)
        flags[: int(self.intercept)] = 0.0
        return flags

    def times(self, coefficients: Floats) -> Floats:
        """One number a row: the matrix times `coefficients`."""
        total = self.dense @ coefficients[: self.dense.shape[1]]
        for codes, block in zip(self.codes, self.blocks, strict=True):
            total += self.ones(np.append(coefficients[block], 0.0)[codes])
        return total

    def ones(self, values: Floats) -> Floats:
        """A number a row, times what stands for 1 in it."""
        return values if self.root is None else values * self.root

    def level(self, values: Floats) -> float:
        """The mean of a number a row: the best answer by the intercept alone."""
        if self.root is None:
            return float(values.mean())
        return float(self.root @ values) / float(self.root @ self.root)

    def transposed_times(self, values: Floats) -> Floats:
        """One number a coefficient: the transposed matrix times a number a row."""
        parts, ones = [self.dense.T @ values], self.ones(values)
        parts += [level_sums(c, s, ones) for c, s in zip(self.codes, self.sizes, strict=True)]
        return np.concatenate(parts)

    def squares(self, weights: Floats) -> Floats:
        """One number a coefficient: the weighted sum of squares of its column."""
        parts = [np.einsum("ij,ij,i->j", self.dense, self.dense, weights)]
        ones = self.ones(self.ones(weights))
        parts += [level_sums(c, s, ones) for c, s in zip(self.codes, self.sizes, strict=True)]
        return np.concatenate(parts)

    def only(self, chosen: npt.NDArray[np.bool_]) -> Design:
        """The design of the `chosen` coefficients alone; other levels have no weight."""
        dense = chosen[: self.dense.shape[1]]
        kept = [chosen[block] for block in self.blocks]
        places = [np.append(np.where(k, np.cumsum(k) - 1, k.sum()), k.sum()) for k in kept]
        numbers = dense[int(self.intercept) :]
        return Design(
            dense=self.dense[:, dense],
            codes=tuple(p[codes] for p, codes in zip(places, self.codes, strict=True)),
            sizes=tuple(int(k.sum()) for k in kept),
            intercept=self.intercept and bool(chosen[0]),
            centre=self.centre[numbers],
            unit=self.unit[numbers],
            root=self.root,
        )

    def matrix(self) -> Floats:
        """All of it as one dense matrix; only for designs that are small."""
        ones = [np.eye(s + 1)[c, :s] for c, s in zip(self.codes, self.sizes, strict=True)]
        if self.root is not None:
            ones = [one * self.root[:, None] for one in ones]
        return np.hstack([self.dense, *ones])


def design_of(rows: pl.DataFrame, encoding: Encoding, *, intercept: bool, scale: bool) -> Design:
    """The design of `rows`: numbers to mean 0 and deviation 1 with `scale`; else only centred,
    which makes the sums exact and changes no coefficient, where an intercept takes it up."""
    numbers = encoding.numbers
    centred = intercept or scale
    centre = np.array([n.mean if centred else 0.0 for n in numbers], dtype=np.float64)
    unit = np.array([(scale and n.deviation) or 1.0 for n in numbers], dtype=np.float64)
    dense = np.ones((rows.height, intercept + len(numbers)), order="F")
    for place, number in enumerate(numbers):
        dense[:, intercept + place] = (numbers_of(number, rows) - centre[place]) / unit[place]
    return Design(
        dense=dense,
        codes=tuple(codes_of(category, rows) for category in encoding.categories),
        sizes=tuple(category.size for category in encoding.categories),
        intercept=intercept,
        centre=centre,
        unit=unit,
    )


def level_sums(codes: Codes, size: int, values: Floats | None) -> Floats:
    """The sum of `values` over the rows of each level; without values, how many rows it has."""
    return np.bincount(codes, values, minlength=size + 1)[:size].astype(np.float64, copy=False)
