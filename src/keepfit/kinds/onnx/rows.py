"""A model of kind `sklearn` by its ONNX file: rows of plain values in one run, without a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from keepfit.errors import Corrupt
from keepfit.kinds.encoding import Category, Number
from keepfit.kinds.header import read_header
from keepfit.kinds.onnx.graph import INPUT, OUTPUT
from keepfit.kinds.onnx_session import session_of
from keepfit.kinds.row_scores import levels_of, unseen
from keepfit.kinds.rows import Answers, Value
from keepfit.kinds.sklearn.file import Header

_Run = Callable[[Any, Any], list[Any]]


def batch_model(files: Mapping[str, bytes], onnx: bytes) -> OnnxRows | None:
    """The model; None where onnxruntime is not installed, or where a row must be refused.

    Corrupt where the file is damaged, reads or says something else, or has a part elsewhere.
    """
    if not find_spec("onnxruntime"):
        return None
    header = read_header("sklearn", files, Header)
    if any(number.fill is None for number in header.encoding.numbers):
        return None
    return OnnxRows(header, _session(onnx, header.width))


class OnnxRows:
    """A model that answers many rows at once; it keeps the protocol `BatchModel`."""

    def __init__(self, header: Header, session: Any) -> None:
        numbers, categories = header.encoding.numbers, header.encoding.categories
        names = (*(number.name for number in numbers), *(one.name for one in categories))
        self.columns: tuple[str, ...] = names
        self.classes = header.classes
        self._run: _Run = session.run
        self._width = header.width
        self._numbers = [_Number(number, scale=header.scale) for number in numbers]
        sizes = np.cumsum([len(numbers), *(category.size for category in categories)]).tolist()
        self._categories = [
            (place, _places(category, start))
            for place, category, start in zip(
                range(len(numbers), len(self.columns)), categories, sizes, strict=False
            )
        ]
        if np.shape(self._said(np.zeros((2, self._width)))) != (2, len(self.classes) or 1):
            raise Corrupt("compiled/model.onnx: it says something else than this model")

    def answer(self, rows: Sequence[Sequence[Value]]) -> Answers:
        """What the model says of each row; labels with the chances of each class."""
        said = self._said(np.array([self._encoded(row) for row in rows]))
        if not self.classes:
            return said[:, 0].tolist(), None
        return [self.classes[best] for best in said.argmax(axis=1).tolist()], said.tolist()

    def _said(self, matrix: Any) -> Any:
        return self._run(None, {INPUT: matrix})[0]

    def _encoded(self, row: Sequence[Value]) -> list[float]:
        """A row of the matrix, bit for bit as `sklearn.matrix_of` makes it."""
        made = [0.0] * self._width
        for place, number in enumerate(self._numbers):
            made[place] = number.of(row[place])
        for place, places in self._categories:
            value = row[place]
            one = places.get(value)
            if one is None and value not in places:
                one = unseen(places, value, None)
            if one is not None:
                made[one] = 1.0
        return made


class _Number:
    """How a number is read."""

    __slots__ = ("_fill", "_mean", "_unit")

    def __init__(self, number: Number, *, scale: bool) -> None:
        self._fill = number.fill or 0.0
        self._mean = number.mean if scale else 0.0
        self._unit = (scale and number.deviation) or 1.0

    def of(self, value: Any) -> float:
        # NaN and infinities less themselves are not 0
        number = self._fill if value is None or value - value != 0.0 else float(value)
        return (number - self._mean) / self._unit


def _places(category: Category, start: int) -> dict[Value, int | None]:
    """The column of the matrix for each level; None for a missing value that is no level."""
    columns: Sequence[int | None] = range(start, start + len(category.levels) + 1)
    return levels_of(category, columns, None)


def _session(onnx: bytes, width: int) -> Any:
    # Weights in another file are named by this key; nothing of the file is read before it is sure
    # that there are none. Names and texts of ours never hold the word.
    if b"location" in onnx:
        raise Corrupt("compiled/model.onnx: it refers to other files")
    try:
        made = session_of(onnx)
    except ValueError as error:
        raise Corrupt(f"compiled/model.onnx: it cannot be loaded: {error}") from error
    ends = [(end.name, end.type) for end in (*made.get_inputs(), *made.get_outputs())]
    shape = made.get_inputs()[0].shape if made.get_inputs() else []
    if ends != [(INPUT, "tensor(double)"), (OUTPUT, "tensor(double)")] or shape[1:] != [width]:
        raise Corrupt("compiled/model.onnx: it reads or says something else than this model")
    return made
