"""Products of rows with a matrix, each row to the same bits whatever rows there are beside it.

How a product of matrices adds up depends on its shape, on where in it a row stands, and on the
number of threads. Here it always has as many rows; they are the lanes of the processor's vectors,
which are all alike; and it is so small that BLAS shares it with no other thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from keepfit.kinds.texts.sums import Singles

_TOGETHER = 16  # rows
_ALONE = 1 << 18  # multiplications up to which OpenBLAS takes one thread


@dataclass(frozen=True, slots=True)
class Factor:
    """A matrix, turned and cut into pieces."""

    pieces: tuple[Singles, ...]  # each (some of its columns, its rows)

    @classmethod
    def of(cls, matrix: Singles) -> Self:
        """Of (rows, columns)."""
        turned = np.ascontiguousarray(matrix.T)
        most = max(2, _ALONE // (_TOGETHER * max(1, len(matrix))))
        # even pieces: the product with a single column would be another routine
        return cls((*np.array_split(turned, -(-len(turned) // most)),))

    def with_each(self, rows: Singles) -> Iterator[Singles]:
        """The products of the rows with the matrix, some rows after the other, in room that the
        next ones take again."""
        width = sum(map(len, self.pieces))
        lanes = np.zeros((rows.shape[1], _TOGETHER), np.float32)
        made = np.empty((width, _TOGETHER), np.float32)
        told = np.empty((_TOGETHER, width), np.float32)
        parts = np.split(made, np.cumsum([len(piece) for piece in self.pieces[:-1]], dtype=int))
        for first in range(0, len(rows), _TOGETHER):
            some = rows[first : first + _TOGETHER]
            lanes[:, : len(some)] = some.T
            for piece, part in zip(self.pieces, parts, strict=True):
                np.matmul(piece, lanes, out=part)
            np.copyto(told, made.T)
            yield told[: len(some)]

    def with_all(self, rows: Singles) -> Singles:
        """The products of the rows with the matrix."""
        return np.concatenate([some.copy() for some in self.with_each(rows)])
