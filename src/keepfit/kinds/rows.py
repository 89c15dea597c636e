"""A model that answers one row of plain values, without a frame: what a server asks per request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keepfit.records import Label

# what stands in a cell once it is read in the column's type: numbers as float or int (NaN and
# infinities included), text as str, booleans as bool; None: there is nothing
Value = float | int | str | bool | None


class RowModel(Protocol):
    """The compiled path: the same answers as `Fitted.predict`, within the bound of `Agreement`."""

    # the features that it reads, in the order of a row's values
    @property
    def columns(self) -> tuple[str, ...]: ...

    # the labels it knows, in the order of their chances; empty for a regression
    @property
    def classes(self) -> tuple[Label, ...]: ...

    # of a regression: what it says of a row
    def value(self, row: Sequence[Value]) -> float: ...

    # of a classifier: the label, and the chance of each class
    def label(self, row: Sequence[Value]) -> tuple[Label, tuple[float, ...]]: ...
