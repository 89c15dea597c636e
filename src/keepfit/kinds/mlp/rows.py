"""A network a row at a time, in plain Python: no numpy, no frame, no torch."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Any, NamedTuple

from keepfit.kinds.encoding import Category, Encoding
from keepfit.kinds.mlp.file import Header, check_shapes, read_header
from keepfit.kinds.mlp.shape import FARTHEST, scale_of, shape_of
from keepfit.kinds.row_scores import levels_of, softmax, two_shares, unseen
from keepfit.kinds.rows import Value
from keepfit.kinds.tensors import WEIGHTS, tensors
from keepfit.records.base import Label

_MOST = 20_000  # weights, above which numpy is sooner done with a row

Vector = tuple[float, ...]


def row_model(kind: str, files: Mapping[str, bytes]) -> MlpRows | None:
    """The model in `files`; None where a row without some number must be refused, or for a network
    that is too large for it."""
    header = read_header(kind, files)
    found = tensors(kind, files.get(WEIGHTS))
    check_shapes(found, shape_of(header).arrays)
    refuses = any(number.fill is None for number in header.encoding.numbers)
    large = sum(len(one["data"]) // 4 for n, one in found.items() if n.startswith("layer")) > _MOST
    return None if refuses or large else MlpRows(header, found)


class MlpRows:
    """A network; it keeps the protocol `RowModel`."""

    def __init__(self, header: Header, found: Mapping[str, dict[str, Any]]) -> None:
        encoding = header.encoding
        numbers = tuple(number.name for number in encoding.numbers)
        self.columns = numbers + tuple(category.name for category in encoding.categories)
        self.classes = header.classes
        self._target = header.target
        self._numbers = tuple(_numbers(encoding, scale=header.scale))
        self._levels = tuple(
            _Levels.of(category, _rows(found[f"embedding.{place}"]))
            for place, category in enumerate(encoding.categories)
        )
        self._layers = tuple(
            tuple(
                zip(
                    _rows(found[f"layer.{place}.bias"])[0],
                    _rows(found[f"layer.{place}.weight"]),
                    strict=True,
                )
            )
            for place in range(len(header.hidden) + 1)
        )

    def value(self, row: Sequence[Value]) -> float:
        """What a regression says of a row, bit for bit what `MlpModel` says."""
        assert self._target is not None  # noqa: S101 regressions have one
        return self._scores(row)[0] * self._target.deviation + self._target.mean

    def label(self, row: Sequence[Value]) -> tuple[Label, tuple[float, ...]]:
        """What a classifier says; the last bits of a chance may differ from numpy's."""
        scores = self._scores(row)
        best, shares = softmax(scores) if len(scores) > 1 else two_shares(scores[0])
        return self.classes[best], shares

    def _scores(self, row: Sequence[Value]) -> list[float]:
        values = self._inputs(row)
        for layer in self._layers[:-1]:
            values = [max(total, 0.0) for total in _totals(layer, values)]
        return _totals(self._layers[-1], values)

    def _inputs(self, row: Sequence[Any]) -> list[float]:
        values = []
        for value, (fill, centre, unit) in zip(row, self._numbers, strict=False):
            missing = value is None or value - value != 0.0  # or it is infinite, or NaN
            scaled = ((fill if missing else value) - centre) / unit
            values.append(min(max(scaled, -FARTHEST), FARTHEST))
        for place, levels in enumerate(self._levels, start=len(values)):
            values += levels.vector(row[place])
        return values


class _Levels(NamedTuple):
    """The vectors of a category's values."""

    known: Mapping[Value, Vector]
    other: Vector  # of what training never saw

    @classmethod
    def of(cls, category: Category, vectors: Sequence[Vector]) -> _Levels:
        return cls(levels_of(category, vectors, vectors[-1]), vectors[-1])

    def vector(self, value: Value) -> Vector:
        found = self.known.get(value)
        return unseen(self.known, value, self.other) if found is None else found


def _totals(layer: Sequence[tuple[float, Vector]], values: Sequence[float]) -> list[float]:
    """Added up in the order of `Layer.of`: `sum` would round otherwise from Python 3.12 on."""
    totals = []
    for bias, weights in layer:
        total = bias
        for term in map(mul, weights, values):
            total += term
        totals.append(total)
    return totals


def _numbers(encoding: Encoding, *, scale: bool) -> list[tuple[float, float, float]]:
    """Of each number: what stands for a missing one, what is taken from it, and its unit."""
    return [(one.fill or 0.0, *scale_of(one, scale=scale)) for one in encoding.numbers]


def _rows(stored: Mapping[str, Any]) -> list[Vector]:
    """The numbers of an array, a row each; of one of one dimension, a single row."""
    values = array("f", bytes(stored["data"]))
    if sys.byteorder == "big":  # the file's are little-endian
        values.byteswap()
    width = stored["shape"][-1]
    if not width:
        return [()] * stored["shape"][0]
    return [tuple(values[at : at + width]) for at in range(0, len(values), width)]
