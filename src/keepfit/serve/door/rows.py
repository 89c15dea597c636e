"""Rows as the door lets them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

MANY = 256  # from so many rows on they are kept by columns, for a frame


@dataclass(slots=True)
class Rows:
    """The rows of a request: a few by values, many by columns, or as a frame already."""

    values: Sequence[tuple[Any, ...]] = ()  # one a row, in the order of the schema
    keys: Sequence[tuple[Any, ...]] = ()  # the key columns beside them, or nothing
    single: bool = False  # one object, which is answered with one prediction
    columns: Sequence[Sequence[Any]] | None = None  # instead of values: one a field of the schema
    frame: pl.DataFrame | None = None  # or this: the schema's columns in its types

    @property
    def few(self) -> bool:
        """Whether they are kept by values."""
        return self.columns is None and self.frame is None

    def __len__(self) -> int:
        if self.frame is not None:
            return self.frame.height
        return len(self.values if self.columns is None else self.columns[0])
