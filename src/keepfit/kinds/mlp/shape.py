"""What a network is made of; light, for those who read one without numpy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from keepfit.kinds.encoding import Number
from keepfit.kinds.mlp.file import Header

FARTHEST = 1e6  # deviations from the mean: what is further off counts as that far


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network is made of."""

    numbers: int
    levels: tuple[int, ...]  # of each category, with the last one for what training never saw
    vectors: tuple[int, ...]  # of each category: how many numbers stand for a level
    hidden: tuple[int, ...]
    outputs: int

    @property
    def arrays(self) -> dict[str, tuple[int, ...]]:
        """The shape of every array of weights, by its name."""
        widths = (self.numbers + sum(self.vectors), *self.hidden, self.outputs)
        pairs = zip(self.levels, self.vectors, strict=True)
        found: dict[str, tuple[int, ...]] = {
            f"embedding.{place}": pair for place, pair in enumerate(pairs)
        }
        for layer, (below, above) in enumerate(pairwise(widths)):
            found |= {f"layer.{layer}.weight": (above, below), f"layer.{layer}.bias": (above,)}
        return found


def shape_of(header: Header) -> Shape:
    """The network that a header names."""
    return Shape(
        numbers=len(header.encoding.numbers),
        levels=header.levels,
        vectors=header.vectors,
        hidden=header.hidden,
        outputs=header.outputs,
    )


def scale_of(number: Number, *, scale: bool) -> tuple[float, float]:
    """What is taken from a number, and what it is then divided by."""
    return (number.mean, number.deviation or 1.0) if scale else (0.0, 1.0)
