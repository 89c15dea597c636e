"""Rows as a network reads them: numbers about 0, and the place of each category's level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfit.kinds.encode import Codes, Floats, codes_of, numbers_of
from keepfit.kinds.encoding import Encoding
from keepfit.kinds.mlp.shape import FARTHEST, scale_of


@dataclass(frozen=True, slots=True)
class Inputs:
    """The features of some rows, numbers first, as their encoding names them."""

    numbers: Floats  # (numbers, rows)
    codes: Codes  # (categories, rows); the last place of a category is what training never saw

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.numbers.shape[1])

    def part(self, first: int, last: int) -> Inputs:
        """Some of the rows."""
        return Inputs(self.numbers[:, first:last], self.codes[:, first:last])


def inputs_of(encoding: Encoding, rows: pl.DataFrame, *, scale: bool) -> Inputs:
    """The inputs of `rows`; NoNumber where a missing number may not be filled."""
    numbers = np.empty((len(encoding.numbers), rows.height))
    for place, number in enumerate(encoding.numbers):
        centre, unit = scale_of(number, scale=scale)
        with np.errstate(over="ignore"):  # which is as far as any
            numbers[place] = (numbers_of(number, rows) - centre) / unit
    np.clip(numbers, -FARTHEST, FARTHEST, out=numbers)
    codes = np.empty((len(encoding.categories), rows.height), np.intp)
    for place, category in enumerate(encoding.categories):
        codes[place] = codes_of(category, rows)
    return Inputs(numbers, codes)
