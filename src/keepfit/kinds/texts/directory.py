"""Where numbers of 32 bits stand among others, by their first bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Marks = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]

_FEWEST, _MOST = 8, 22  # bits that are looked at


@dataclass(frozen=True, slots=True)
class Directory:
    """Ascending numbers, as even as hashes are: one look finds most, where a search takes many."""

    known: Marks  # and behind them one that is above all
    begins: npt.NDArray[np.int32]  # where those of the same first bits begin
    shift: int  # bits that are not looked at

    @classmethod
    def of(cls, known: Marks) -> Self:
        """Of these, which ascend."""
        shift = 32 - min(max(known.size.bit_length() + 1, _FEWEST), _MOST)
        sizes = np.bincount(known >> shift, minlength=1 << (32 - shift))
        begins = (np.cumsum(sizes) - sizes).astype(np.int32)
        return cls(np.append(known, np.uint32(0xFFFFFFFF)), begins, shift)

    def find(self, asked: Marks) -> tuple[Places, npt.NDArray[np.bool_]]:
        """The place of each, and whether it is there at all."""
        places = self.begins[asked >> self.shift].astype(np.int64)
        behind = np.flatnonzero(self.known[places] < asked)
        while behind.size:
            places[behind] += 1
            behind = behind[self.known[places[behind]] < asked[behind]]
        return places, (self.known[places] == asked) & (places < self.known.size - 1)
