"""What models that answer a row at a time share, in plain Python: categories, and scores as
probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf, nan
from typing import TypeVar

from keepfit.kinds.encoding import Category
from keepfit.kinds.rows import Value

T = TypeVar("T")


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
    """Which of two classes, and their probabilities, as `scores.two_shares`."""
    small = exp(-abs(score))  # never above 1: `exp` raises where numpy's is infinite
    likely, unlikely = 1.0 / (1.0 + small), small / (1.0 + small)
    return (1, (unlikely, likely)) if score > 0 else (0, (likely, unlikely))


def softmax(scores: list[float]) -> tuple[int, tuple[float, ...]]:
    """Which class, and the probabilities of all, as `scores.softmax`."""
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
