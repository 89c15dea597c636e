"""The linear kinds a row at a time, in plain Python: no numpy, no frame, about a microsecond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from operator import mul
from typing import cast

from keepfit.kinds.linear.plain_file import Output, Plain, read
from keepfit.kinds.row_scores import levels_of, softmax, two_shares, unseen
from keepfit.kinds.rows import Value
from keepfit.records.base import Label


def row_model(kind: str, files: Mapping[str, bytes]) -> PlainRows | None:
    """The model in `files`; None where a row without some number must be refused."""
    plain = read(kind, files)
    refuses = any(number.fill is None for number in plain.encoding.numbers)
    return None if refuses else PlainRows(plain)


class PlainRows:
    """A linear model; it keeps the protocol `RowModel`."""

    def __init__(self, plain: Plain) -> None:
        encoding = plain.encoding
        numbers = tuple(number.name for number in encoding.numbers)
        self.columns = numbers + tuple(category.name for category in encoding.categories)
        self.classes = plain.classes
        self._scores = tuple(_Score(plain, out) for out in plain.outputs)

    def value(self, row: Sequence[Value]) -> float:
        """What a regression says of a row, bit for bit what `PlainModel` says."""
        return self._scores[0].of(row)

    def label(self, row: Sequence[Value]) -> tuple[Label, tuple[float, ...]]:
        """What a classifier says; the last bits of a chance may differ from numpy's."""
        if len(self._scores) > 1:
            best, shares = softmax([score.of(row) for score in self._scores])
        else:
            best, shares = two_shares(self._scores[0].of(row))
        return self.classes[best], shares


class _Score:
    """One output of the model: intercept + sum of weight * value."""

    __slots__ = ("_categories", "_fills", "_intercept", "_weights")

    def __init__(self, plain: Plain, out: Output) -> None:
        numbers, categories = plain.encoding.numbers, plain.encoding.categories
        self._intercept = out.intercept
        self._weights = out.numbers
        self._fills = tuple(number.fill or 0.0 for number in numbers)
        weights = zip(categories, out.categories, strict=True)
        self._categories = tuple(
            (place, levels_of(category, own, 0.0))
            for place, (category, own) in enumerate(weights, start=len(numbers))
        )

    def of(self, row: Sequence[Value]) -> float:
        """The score of a row, added up in the order of `PlainModel._scores`: `sum` would round
        otherwise from Python 3.12 on."""
        score = self._intercept
        try:
            for term in map(mul, self._weights, cast("Sequence[float]", row)):
                score += term
        except TypeError:  # there is a None
            score = nan
        # Once a sum has met an infinity or NaN it is never finite again: a finite one met none.
        if score - score != 0.0:
            score = self._filled(cast("Sequence[float | None]", row))
        for place, levels in self._categories:
            weight = levels.get(row[place])
            score += unseen(levels, row[place], 0.0) if weight is None else weight
        return score

    def _filled(self, row: Sequence[float | None]) -> float:
        score = self._intercept
        for weight, fill, value in zip(self._weights, self._fills, row, strict=False):
            missing = value is None or value - value != 0.0  # or it is infinite, or NaN
            score += weight * (fill if missing else value)  # type: ignore[operator]
        return score
