"""Row keys as 64-bit hashes that depend on nothing but the values: not on position, process,
platform, library or the width of a type. The same row has the same hash in every month's file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.data.types.dtypes import family
from keepfit.errors import Corrupt

Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0x6E756C6C6E756C6C)
_BYTE = 0xD6E8FEB86659FD93  # odd, so that it has an inverse modulo 2^64
_BYTE_INVERSE = np.uint64(pow(_BYTE, -1, 1 << 64))
_CHUNK = 1 << 17  # rows hashed at a time: what fits the cache is several times quicker
_TEXT = 1 << 22  # bytes of text hashed at a time: each takes 32 bytes of memory
_ASKED = 1 << 21  # keys looked up at a time: each takes 32 bytes of memory
_FIRST = 24  # bits by which known keys are told from others: as many truth values fit the cache
_MAGIC = b"KFKEYS1\0"
_LEVEL = 1  # of zlib: fixed, so that the same keys make the same bytes


def row_keys(rows: pl.DataFrame, key: Sequence[str] = ()) -> Keys:
    """One uint64 a row from the `key` columns in their order; from all, by name, if there is none.

    3, 3.0 and the same in another width hash alike, as do a date and its midnight, 0.0 and -0.0.
    """
    columns = [rows[name] for name in (key or sorted(rows.columns))]
    combined = np.zeros(rows.height, dtype=np.uint64)
    for column in columns:
        hash_values = _reader(column.dtype)
        for start in range(0, rows.height, _CHUNK):
            part = column.slice(start, _CHUNK)
            here = combined[start : start + _CHUNK]
            here[:] = mix(here * _GOLDEN + _with_nulls(part, hash_values))
    return combined


def mix(values: Keys) -> Keys:
    """splitmix64's finaliser (Steele, Lea, Flood 2014): every bit in reaches every bit out."""
    mixed = values + _GOLDEN
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def seeded(keys: Keys, seed: int, purpose: str) -> Keys:
    """The keys shuffled by a seed, another way for each purpose; uniform on 64 bits."""
    salt = zlib.crc32(purpose.encode()) << 32 ^ seed
    return mix(keys ^ mix(np.array([salt % (1 << 64)], dtype=np.uint64)))


def distinct(keys: Keys) -> Keys:
    """The keys sorted, each once; the same array where they are so already."""
    if (keys[1:] > keys[:-1]).all():
        return keys
    ordered = np.sort(keys)  # numpy.unique hashes them first, which takes ten times as long
    first = np.append(True, ordered[1:] != ordered[:-1])
    return ordered if first.all() else ordered[first]


def among(keys: Keys, known: Keys) -> NDArray[np.bool_]:
    """Whether each of the keys is one of those known, as `numpy.isin` says, in a tenth of its time.

    Few known ones are told from nearly all others by their first bits. What is left is sorted on
    both sides: looking up neighbours one after the other stays in the cache.
    """
    found = np.zeros(len(keys), dtype=np.bool_)
    if not len(known):
        return found
    known = distinct(known)
    for start in range(0, len(keys), _ASKED):
        places = start + _that_begin_alike(keys[start : start + _ASKED], known)
        part = keys[places]
        order = np.argsort(part)
        asked = part[order]
        nearest = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found[places[order]] = known[nearest] == asked
    return found


def _that_begin_alike(keys: Keys, known: Keys) -> NDArray[np.intp]:
    """The places of the keys that have the first bits of a known one: there is no other among
    them that is known."""
    if len(known) > (1 << _FIRST) // 8:  # most keys would
        return np.arange(len(keys))
    first = np.uint64(64 - _FIRST)
    begins = np.zeros(1 << _FIRST, dtype=np.bool_)
    begins[known >> first] = True
    return np.flatnonzero(begins[keys >> first])


def fingerprint_bytes(keys: Keys) -> bytes:
    """The set of keys, sorted and packed: the same set makes the same bytes."""
    once = distinct(keys)
    return _MAGIC + struct.pack("<Q", len(once)) + zlib.compress(_planes(once).data, _LEVEL)


def _planes(once: Keys) -> NDArray[np.uint8]:
    """The steps between keys byte by byte: their high bytes are nearly all zero, and pack to
    nothing."""
    steps = np.empty(len(once), dtype="<u8")
    steps[:1] = once[:1]
    np.subtract(once[1:], once[:-1], out=steps[1:])
    return np.ascontiguousarray(steps.view(np.uint8).reshape(-1, 8).T)


def read_fingerprint(data: bytes) -> Keys:
    """The sorted keys that `fingerprint_bytes` packed; Corrupt if it did not."""
    head = len(_MAGIC) + 8
    try:
        planes = np.frombuffer(zlib.decompress(data[head:]), dtype=np.uint8)
    except zlib.error as error:
        raise Corrupt(f"the fingerprint of the training rows is damaged: {error}") from error
    (count,) = struct.unpack("<Q", data[len(_MAGIC) : head]) if len(data) > head else (0,)
    if not data.startswith(_MAGIC) or planes.size != count * 8:
        raise Corrupt("the fingerprint of the training rows is damaged: it has another size")
    steps = np.ascontiguousarray(planes.reshape(8, -1).T).view("<u8").reshape(-1)
    return np.cumsum(steps.astype(np.uint64), dtype=np.uint64)


def _with_nulls(column: pl.Series, hash_values: Callable[[pl.Series], Keys]) -> Keys:
    if not column.null_count():
        return hash_values(column)
    hashed = np.full(len(column), _NULL, dtype=np.uint64)
    there = column.is_not_null()
    hashed[there.to_numpy()] = hash_values(column.filter(there))
    return hashed


def _reader(dtype: pl.DataType) -> Callable[[pl.Series], Keys]:
    if dtype.is_float():
        return _floats
    if dtype.is_integer() or dtype in {pl.Boolean, pl.Duration, pl.Time}:
        return _integers
    if family(dtype) in {"date", "datetime"}:
        return _times
    if family(dtype) == "text" or dtype.is_decimal():
        return lambda column: _texts(column.cast(pl.String))
    return _nested


def _integers(column: pl.Series) -> Keys:
    wide = pl.UInt64 if column.dtype == pl.UInt64 else pl.Int64
    return mix(column.cast(wide).to_numpy().view(np.uint64))


def _floats(column: pl.Series) -> Keys:
    values = column.cast(pl.Float64).to_numpy()
    with np.errstate(invalid="ignore"):
        whole = (values == np.floor(values)) & (np.abs(values) < 2.0**63)
    bits = np.where(np.isnan(values), np.nan, values).view(np.uint64)
    return mix(np.where(whole, np.where(whole, values, 0.0).astype(np.int64).view(np.uint64), bits))


def _times(column: pl.Series) -> Keys:
    return _integers(column.cast(pl.Datetime("us", getattr(column.dtype, "time_zone", None))))


def _nested(column: pl.Series) -> Keys:
    frame = column.alias("value").to_frame()
    return _texts(frame.select(pl.struct("value").struct.json_encode()).to_series())


def _texts(column: pl.Series) -> Keys:
    """The bytes of each text as a polynomial modulo 2^64, then mixed with the text's length."""
    if not len(column):
        return np.zeros(0, dtype=np.uint64)
    if len(column) > 1 and int(column.str.len_bytes().sum()) > _TEXT:
        half = len(column) // 2
        return np.concatenate([_texts(column[:half]), _texts(column[half:])])
    data = np.frombuffer(str(column.str.join("").item()).encode(), dtype=np.uint8)
    lengths = column.str.len_bytes().to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    powers = _powers(np.uint64(_BYTE), len(data) + 1)
    sums = np.zeros(len(data) + 1, dtype=np.uint64)
    np.cumsum((data.astype(np.uint64) + np.uint64(1)) * powers[:-1], out=sums[1:])
    starts = ends - lengths
    unshift = _powers(_BYTE_INVERSE, len(data) + 1)
    return mix((sums[ends] - sums[starts]) * unshift[starts] + mix(lengths.astype(np.uint64)))


def _powers(base: np.uint64, count: int) -> Keys:
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)
