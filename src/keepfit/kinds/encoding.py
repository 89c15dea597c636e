"""How columns become numbers, as plain data; light, for those who read a model without numpy."""

from __future__ import annotations

from typing import Literal

from keepfit.records.base import Record

Dtype = Literal["text", "number", "boolean"]


class Number(Record, frozen=True, kw_only=True):
    """A numeric column as training saw it, missing values filled."""

    name: str
    fill: float | None  # stands for a missing or non-finite value; None: such a row is refused
    mean: float
    deviation: float  # with n, not n - 1; 0 where the column is constant


class Category(Record, frozen=True, kw_only=True):
    """A categorical column: one weight a level, none for a level that training did not keep."""

    name: str
    dtype: Dtype  # what its levels are; booleans are the numbers 0 and 1
    levels: tuple[str | float, ...]  # sorted
    missing: bool  # whether a missing value is a level of its own, the last

    @property
    def size(self) -> int:
        """How many weights it has."""
        return len(self.levels) + self.missing


class Encoding(Record, frozen=True, kw_only=True):
    """Every feature, numbers first, each group in the order of the file."""

    numbers: tuple[Number, ...]
    categories: tuple[Category, ...]
