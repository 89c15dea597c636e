"""The linear kinds a row at a time, in plain Python: no numpy, no frame, about a microsecond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf, nan
from operator import mul
from typing import TypeVar, cast

from keepfit.kinds.encoding import Category
from keepfit.kinds.plain_file import Output, Plain, read
from keepfit.kinds.rows import Value
from keepfit.records.base import Label

T = TypeVar("T")


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


def levels_of(category: Category, values: Sequence[T], other: T) -> dict[Value, T]:
    """What stands for each value of a category; `values` are those of its levels, then of a missing
    one if that is a level, else `other` stands for it."""
    # 1, 1.0 and True are one key, and so are 0.0 and -0.0
    missing = values[len(category.levels)] if category.missing else other
    levels: dict[Value, T] = {None: missing, inf: missing, -inf: missing}
    return levels | dict(zip(category.levels, values, strict=False))


def unseen(levels: Mapping[Value, T], value: Value, other: T) -> T:
    """What stands for a value that is no key: NaN, a whole number beyond floats, or no level."""
    if isinstance(value, int):
        return levels.get(float(value), other)
    return levels[None] if value != value else other  # noqa: PLR0124 only NaN is not itself


def two_shares(score: float) -> tuple[int, tuple[float, ...]]:
    """Which of two classes, and their probabilities, as `plain.two_shares`."""
    small = exp(-abs(score))  # never above 1: `exp` raises where numpy's is infinite
    likely, unlikely = 1.0 / (1.0 + small), small / (1.0 + small)
    return (1, (unlikely, likely)) if score > 0 else (0, (likely, unlikely))


def softmax(scores: list[float]) -> tuple[int, tuple[float, ...]]:
    """Which class, and the probabilities of all, as `plain.softmax`."""
    highest = max(scores)
    raised = [exp(score - highest) for score in scores]
    total = 0.0
    for one in raised:
        total += one
    if total - total == 0.0:
        return scores.index(highest), tuple([one / total for one in raised])
    # infinite scores: numpy takes the first that is no number, else the first of the highest
    odd = (place for place, score in enumerate(scores) if score != score)  # noqa: PLR0124
    best = next(odd, -1)
    return best if best >= 0 else scores.index(highest), (nan,) * len(scores)
