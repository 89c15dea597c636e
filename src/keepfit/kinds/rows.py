"""Models that answer rows of plain values, without a frame: what a server asks per request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from keepfit.records.base import Label

# what stands in a cell once it is read in the column's type: numbers as float or int (NaN and
# infinities included), text as str, booleans as bool; None: there is nothing
Value = float | int | str | bool | None

# the values or labels, one a row; of a classifier also the chances of each row's classes
Answers = tuple[list[Any], list[Any] | None]


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


class BatchModel(Protocol):
    """The same for rows together."""

    # as of a RowModel
    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def classes(self) -> tuple[Label, ...]: ...

    # what the model says of each row, in order
    def answer(self, rows: Sequence[Sequence[Value]]) -> Answers: ...


class EachRow:
    """A RowModel asked of rows together."""

    def __init__(self, model: RowModel) -> None:
        self.columns, self.classes = model.columns, model.classes
        self._model = model

    def answer(self, rows: Sequence[Sequence[Value]]) -> Answers:
        """One row after the other."""
        if not self.classes:
            return [self._model.value(row) for row in rows], None
        said = [self._model.label(row) for row in rows]
        return [label for label, _ in said], [chances for _, chances in said]
