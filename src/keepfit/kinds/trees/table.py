"""Rows as trees read them: numbers with holes where one is missing, categories as codes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from keepfit.kinds.encode import Codes, Floats, codes_of, column, numbers_of
from keepfit.kinds.encoding import Encoding


@dataclass(frozen=True, slots=True)
class Table:
    """The features of some rows, numbers first, as their encoding names them."""

    encoding: Encoding
    numbers: Floats  # (rows, numbers): NaN where one is missing
    codes: tuple[Codes, ...]  # a category each: the place of the level; its size where it has none

    @property
    def names(self) -> list[str]:
        """The features in the order of the matrix's columns."""
        encoding = self.encoding
        return [*(c.name for c in encoding.categories), *(n.name for n in encoding.numbers)]

    def matrix(self) -> Floats:
        """(rows, features): codes, with NaN for a level that has none; then the numbers."""
        sizes = [category.size for category in self.encoding.categories]
        known = [np.where(c < n, c, np.nan) for c, n in zip(self.codes, sizes, strict=True)]
        return np.column_stack([*known, self.numbers])


def table_of(encoding: Encoding, missing: tuple[str, ...], rows: pl.DataFrame) -> Table:
    """The table of `rows`, with NaN in those numbers that were `missing` in training as well, and
    the fill in others, of which trees know nothing but what they were not asked."""
    numbers = np.empty((rows.height, len(encoding.numbers)))
    for place, number in enumerate(encoding.numbers):
        fill = np.nan if number.name in missing else number.fill
        numbers[:, place] = numbers_of(msgspec.structs.replace(number, fill=fill), rows)
    return Table(encoding, numbers, tuple(codes_of(one, rows) for one in encoding.categories))


def known_missing(encoding: Encoding, rows: pl.DataFrame) -> tuple[str, ...]:
    """The numbers of which `rows` miss some and have others."""
    holes = {
        number.name: column(rows, number.name).cast(pl.Float64).is_finite().fill_null(value=False)
        for number in encoding.numbers
    }
    return tuple(name for name, there in holes.items() if there.any() and not there.all())
