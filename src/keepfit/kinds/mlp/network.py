"""What a network says of rows: by numpy, or by nothing but Python, and the same bits each time.

Products are added up one input after the other, never by a matrix product: how that adds up depends
on how many rows there are, on the processor and on its threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepfit.kinds.encode import Floats
from keepfit.kinds.mlp.inputs import Inputs
from keepfit.kinds.mlp.shape import Shape

Singles = npt.NDArray[np.float32]
Weights = Mapping[str, Singles]  # by the names that `shapes` gives them

_TOGETHER = 256  # rows that are answered at once: what is between layers stays in the cache


@dataclass(frozen=True, slots=True)
class Layer:
    """From the numbers of one layer to those of the next."""

    weights: Floats  # (below, above)
    bias: Floats  # (above,)

    def of(self, values: Floats) -> Floats:
        """(above, rows) of (below, rows), one of those below after the other."""
        total = np.repeat(self.bias[:, None], values.shape[1], axis=1)
        term = np.empty_like(total)
        for weight, value in zip(self.weights, values, strict=True):
            np.multiply(weight[:, None], value, out=term)
            total += term
        return total


class Network:
    """A network that has learned."""

    def __init__(self, shape: Shape, weights: Weights) -> None:
        self.shape, self.weights = shape, weights
        self._tables = [
            weights[f"embedding.{place}"].T.astype(np.float64, order="C")
            for place in range(len(shape.levels))
        ]
        self._layers = [
            Layer(
                weights[f"layer.{layer}.weight"].T.astype(np.float64, order="C"),
                weights[f"layer.{layer}.bias"].astype(np.float64),
            )
            for layer in range(len(shape.hidden) + 1)
        ]

    def scores(self, inputs: Inputs) -> Floats:
        """(outputs, rows)."""
        scores = np.empty((self.shape.outputs, inputs.rows))
        for first in range(0, inputs.rows, _TOGETHER):
            some = inputs.part(first, first + _TOGETHER)
            scores[:, first : first + some.rows] = self._of(some)
        return scores

    def _of(self, inputs: Inputs) -> Floats:
        values = np.concatenate([inputs.numbers, *self._vectors(inputs)])
        for layer in self._layers[:-1]:
            values = np.maximum(layer.of(values), 0.0)
        return self._layers[-1].of(values)

    def _vectors(self, inputs: Inputs) -> Iterator[Floats]:
        for table, codes in zip(self._tables, inputs.codes, strict=True):
            yield table[:, codes]
