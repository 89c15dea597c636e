"""From rows to moments, in one pass and in little memory: blocks of one size, joined in pairs.

Blocks begin at fixed rows and are joined in a fixed order, so that moments hang on the rows and
their order alone: not on how many come at a time, nor on threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from keepfit.config.schema.rows import Encode
from keepfit.errors import NoNumber
from keepfit.kinds.encode import Codes, column, roles_of
from keepfit.kinds.encoding import Dtype
from keepfit.kinds.linear.block import block_of
from keepfit.kinds.linear.moments import Moments, merged
from keepfit.kinds.linear.moments_file import packed
from keepfit.kinds.target import refuse_no_number, refuse_no_rows, refuse_not_finite

_CELLS = 1 << 19  # numbers in a block, about: what a processor's cache still holds
_FEWEST, _MOST = 1 << 10, 1 << 16  # rows of a block


class Gathering:
    """Rows on their way to moments; they may come in pieces of any size."""

    def __init__(self, features: Sequence[str], target: str, encode: Encode) -> None:
        self._features, self._target, self._encode = tuple(features), target, encode
        self._roles: dict[str, Dtype | None] = {}
        self._size = block_rows(len(self._features) + 1)
        self._waiting: list[pl.DataFrame] = []  # of them, fewer rows than a block has
        self._height = 0
        self._room = np.empty((0, 0))  # where blocks become matrices, one after the other
        self._blocks = 0
        self._joined: list[Moments | None] = []  # the n-th is of 2^n blocks
        self._strange = 0  # rows whose target is not finite
        self._lacking: dict[str, list[Codes]] = {}  # rows, by the number that they may not lack

    def add(self, rows: pl.DataFrame) -> None:
        """Take in more rows; UserError for a column that cannot be read."""
        if not self._blocks and not self._waiting:
            self._roles = roles_of(rows, self._features, self._encode)
            refuse_no_number(column(rows, self._target))
        wanted = [*self._features, self._target]
        rows = rows if rows.columns == wanted else rows.select(wanted)
        while rows.height:
            piece = rows.head(self._size - self._height)
            rows = rows.slice(piece.height)
            self._waiting.append(piece)
            self._height += piece.height
            if self._height == self._size:
                self._take()

    def packed(self) -> bytes:
        """The moments as bytes; raises what `moments` raises."""
        return packed(self.moments())

    @np.errstate(over="ignore", invalid="ignore")
    def moments(self) -> Moments:
        """What all rows come to; DataRefused for no rows or a target that is not finite, NoNumber
        for a missing number that may not be filled."""
        if self._height:
            self._take()
        refuse_no_rows(self._blocks)
        refuse_not_finite(self._target, self._strange)
        for name, rows in self._lacking.items():
            raise NoNumber(name, np.concatenate(rows).tolist())
        return joined_in_order(one for one in reversed(self._joined) if one is not None)

    @np.errstate(over="ignore", invalid="ignore")  # `compressed` refuses it by name
    def _take(self) -> None:
        rows = self._waiting[0] if len(self._waiting) == 1 else pl.concat(self._waiting)
        self._waiting, self._height = [], 0
        if len(self._room) < rows.height:
            columns = 2 + sum(role is None for role in self._roles.values())
            self._room = np.empty((rows.height, columns), order="F")
        block = block_of(rows, self._roles, self._target, self._room)
        self._strange += block.strange
        if self._encode.missing == "fail":
            for name, places in block.missing.items():
                self._lacking.setdefault(name, []).append(places + self._blocks * self._size)
        self._blocks += 1
        self._carry(block.moments)

    def _carry(self, found: Moments) -> None:
        # as a counter counts in twos: sums of like size lose the least
        for at, one in enumerate(self._joined):
            if one is None:
                self._joined[at] = found
                return
            found, self._joined[at] = merged(one, found), None
        self._joined.append(found)


def joined_in_order(each: Iterable[Moments]) -> Moments:
    """The moments of the rows of all, of which there must be one at least."""
    every = iter(each)
    total = next(every)
    for one in every:
        total = merged(total, one)
    return total


def block_rows(columns: int) -> int:
    """How many rows a block of so many columns has: a power of two, and never few for its width."""
    rows = max(_CELLS // columns, 4 * columns, _FEWEST)
    return int(min(1 << (rows.bit_length() - 1), max(_MOST, 4 * columns)))
