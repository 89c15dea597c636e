"""A point of the contract: what is promised, how that is tried, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepfit.sagemaker.conform.bench import Bench


@dataclass(frozen=True, slots=True)
class Found:
    """What came of trying a point."""

    kept: bool
    told: str  # what was found, in words


@dataclass(frozen=True, slots=True)
class Point:
    """One promise of the contract."""

    id: str  # train-01
    says: str  # the sentence of the contract
    expects: str  # what must be found
    check: Callable[[Bench], Found]


@dataclass(frozen=True, slots=True)
class Points:
    """Points about one thing, in the order in which they are tried."""

    about: str  # train, ping, invocations
    all: list[Point] = field(default_factory=list)

    def point(
        self, says: str, *, expects: str
    ) -> Callable[[Callable[[Bench], Found]], Callable[[Bench], Found]]:
        """Makes a point of the function below."""

        def added(check: Callable[[Bench], Found]) -> Callable[[Bench], Found]:
            number = len(self.all) + 1
            self.all.append(Point(f"{self.about}-{number:02}", says, expects, check))
            return check

        return added

    def __iter__(self) -> Iterator[Point]:
        return iter(self.all)


@dataclass(frozen=True, slots=True)
class Tried:
    """A point, and what came of it."""

    point: Point
    found: Found
    seconds: float
