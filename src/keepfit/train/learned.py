"""Digests of the rows that were learned from, which may come in pieces and from several files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl

from keepfit.data.splitting.keys import mix, row_keys
from keepfit.digest import Digest, sha256
from keepfit.records.base import Record


class Seen(Record, frozen=True, kw_only=True):
    """What is told of the rows of a file."""

    count: int
    sum: int  # of a number a row, modulo 2^64
    xor: int
    columns: dict[str, Digest]  # in the order in which the rows came

    @property
    def rows(self) -> Digest:
        """Of all of them, in any order."""
        return sha256(np.array([self.count, self.sum, self.xor], dtype=np.uint64).tobytes())


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Learned:
    """Rows on their way to digests."""

    def __init__(self) -> None:
        self._columns: dict[str, _Hash] = {}
        self._count, self._sum, self._xor = 0, np.uint64(0), np.uint64(0)

    def add(self, rows: pl.DataFrame) -> None:
        """Take in rows: the features and the target."""
        combined = np.zeros(rows.height, dtype=np.uint64)
        for name in rows.columns:
            keys = row_keys(rows.select(name))
            if name not in self._columns:
                self._columns[name] = hashlib.sha256(str(rows.schema[name]).encode())
            self._columns[name].update(keys.tobytes())
            combined = mix(combined * np.uint64(3) + keys)
        self._count += rows.height
        self._sum = np.add(self._sum, combined.sum(dtype=np.uint64), dtype=np.uint64)
        self._xor ^= np.bitwise_xor.reduce(combined, initial=np.uint64(0))

    def seen(self) -> Seen:
        """What is told of all that was taken in."""
        return Seen(
            count=self._count,
            sum=int(self._sum),
            xor=int(self._xor),
            columns={name: one.hexdigest() for name, one in self._columns.items()},
        )


def all_of(files: Sequence[Seen]) -> Seen:
    """What is told of the rows of all files, in their order; of one file what is told of it."""
    if len(files) == 1:
        return files[0]
    xor = 0
    for one in files:
        xor ^= one.xor
    return Seen(
        count=sum(one.count for one in files),
        sum=sum(one.sum for one in files) % (1 << 64),
        xor=xor,
        columns={
            name: sha256("".join(one.columns[name] for one in files).encode())
            for name in files[0].columns
        },
    )
