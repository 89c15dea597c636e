"""Rows as the door lets them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


@dataclass(slots=True)
class Rows:
    """The rows of a request: value by value, or as a frame where they are many."""

    values: Sequence[tuple[Any, ...]] = ()  # one a row, in the order of the schema
    keys: Sequence[tuple[Any, ...]] = ()  # the key columns beside them, or nothing
    single: bool = False  # one object, which is answered with one prediction
    frame: pl.DataFrame | None = None  # instead of values: the schema's columns in its types

    def __len__(self) -> int:
        return len(self.values) if self.frame is None else self.frame.height
