"""Moments as bytes: what is kept of a file of rows, so that its rows need not be read again."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from keepfit.kinds.encode import Codes, Floats
from keepfit.kinds.encoding import Dtype
from keepfit.kinds.linear.moments import Levels, Moments


class _Levels(msgspec.Struct, frozen=True):
    name: str
    dtype: Dtype
    values: tuple[str | float, ...]


class _File(msgspec.Struct, frozen=True):
    """Arrays are little-endian, row by row."""

    numbers: tuple[str, ...]
    absent: tuple[int, ...]
    stand_in: bytes
    categories: tuple[_Levels, ...]
    codes: bytes
    counts: bytes
    means: bytes
    factor: bytes


def packed(moments: Moments) -> bytes:
    """Their bytes."""
    return msgspec.msgpack.encode(
        _File(
            numbers=moments.numbers,
            absent=moments.absent,
            stand_in=_bytes(moments.stand_in),
            categories=tuple(
                _Levels(one.name, one.dtype, tuple(one.values.to_list()))
                for one in moments.categories
            ),
            codes=moments.codes.astype("<i8").tobytes(),
            counts=_bytes(moments.counts),
            means=_bytes(moments.means),
            factor=_bytes(moments.factor),
        )
    )


def unpacked(data: bytes) -> Moments:
    """The moments that were packed."""
    file = msgspec.msgpack.decode(data, type=_File)
    width = len(file.numbers) + len(file.absent) + 1
    codes: Codes = np.frombuffer(file.codes, dtype="<i8").astype(np.intp)
    counts = _floats(file.counts)
    return Moments(
        numbers=file.numbers,
        absent=file.absent,
        stand_in=_floats(file.stand_in),
        categories=tuple(map(_levels, file.categories)),
        codes=codes.reshape(len(counts), len(file.categories)),
        counts=counts,
        means=_floats(file.means).reshape(len(counts), width),
        factor=_floats(file.factor).reshape(-1, width),
    )


def _levels(kept: _Levels) -> Levels:
    dtype = pl.String if kept.dtype == "text" else pl.Float64
    return Levels(kept.name, kept.dtype, pl.Series(kept.values, dtype=dtype))


def _bytes(values: Floats) -> bytes:
    return values.astype("<f8").tobytes()


def _floats(data: bytes) -> Floats:
    return np.frombuffer(data, dtype="<f8").astype(np.float64)
