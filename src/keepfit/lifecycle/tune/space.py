"""What may be drawn for each parameter, and how it is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from keepfit.config.schema.tune import Range
from keepfit.config.space import is_whole
from keepfit.lifecycle.model import Model

_DIGITS = 4  # of a number that is drawn: what is pasted is what was tried


@dataclass(frozen=True, slots=True)
class Choices:
    """One of several values."""

    name: str
    values: tuple[Any, ...]

    def drawn(self, rng: np.random.Generator) -> Any:
        """One of them, each as likely."""
        return self.values[int(rng.integers(len(self.values)))]

    def points(self) -> tuple[Any, ...]:
        """Those of a grid: all."""
        return self.values


@dataclass(frozen=True, slots=True)
class Span:
    """A number between two ends, both included."""

    name: str
    range: Range
    whole: bool

    def drawn(self, rng: np.random.Generator) -> int | float:
        """One of them, each as likely; of `log`, each order of magnitude."""
        return self.at(float(rng.random()))

    def points(self) -> tuple[int | float, ...]:
        """Those of a grid: every step, else so many, evenly spread, each once."""
        count = self._steps or self.range.points
        if self.whole and not self.range.step and not self.range.log:
            count = min(count, int(self.range.high - self.range.low) + 1)
        inner = (self._between(number / (count - 1)) for number in range(1, count - 1))
        last = self._between(1.0) if self.range.step else self.range.high
        spread = [self.range.low, *inner, last]
        return tuple(dict.fromkeys(self.tidy(value) for value in spread))

    def at(self, share: float) -> int | float:
        """What lies at a share, from 0 to below 1, of all that may be drawn."""
        if steps := self._steps:
            return self.tidy(self._between(math.floor(share * steps) / max(1, steps - 1)))
        return self.tidy(self._between(share, edge=0.5 if self.whole else 0.0))

    def tidy(self, value: float) -> int | float:
        """The value with few digits, or whole, and not beyond the ends."""
        low, high = self.range.low, self.range.high
        if self.whole:
            return min(max(round(value), math.ceil(low)), math.floor(high))
        if self.range.step:
            near = float(f"{value:.12g}")
        else:
            more = math.floor(math.log10(max(abs(low), abs(high)) / (high - low)))
            near = float(f"{value:.{_DIGITS + max(0, more)}g}")
        return float(value) if value in (low, high) else min(max(near, float(low)), float(high))

    @property
    def _steps(self) -> int:
        step = self.range.step
        return math.floor((self.range.high - self.range.low) / step + 1e-9) + 1 if step else 0

    def _between(self, share: float, edge: float = 0.0) -> float:
        """What lies at a share of the way, which begins half a whole number before the first."""
        low, high = self.range.low - edge, self.range.high + edge
        if self.range.step:
            return self.range.low + share * (self._steps - 1) * self.range.step
        if self.range.log:
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        return low + share * (high - low)


Dimension = Choices | Span
Space = tuple[Dimension, ...]


def space_of(model: Model) -> Space:
    """What the model's `tune.params` lets be drawn."""
    kind = type(model.params)
    return tuple(
        Span(name, given, is_whole(kind, name, given))
        if isinstance(given, Range)
        else Choices(name, tuple(list(one) if isinstance(one, tuple) else one for one in given))
        for name, given in model.spec.tune.params.items()
    )


def drawn(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """A value for each parameter."""
    return {each.name: each.drawn(rng) for each in space}


def grid(space: Space) -> Iterator[dict[str, Any]]:
    """Every combination of the points of each."""
    for values in product(*(each.points() for each in space)):
        yield {each.name: value for each, value in zip(space, values, strict=True)}


def size_of_grid(space: Space) -> int:
    """How many combinations there are."""
    return math.prod(len(each.points()) for each in space)
