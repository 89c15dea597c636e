"""Some of the training rows, kept whole for what is told of them: each row has its own luck, by
which many files give as many rows as one, and a smaller share takes some of a larger one's rows."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import polars as pl

from keepfit.data.piecewise.notes import Notes
from keepfit.data.piecewise.pieces import Share
from keepfit.data.splitting.keys import Keys, mix
from keepfit.digest import Digest, digest_of

_WHOLE = 2.0**64
_AT_ONCE = 1 << 17  # rows whose luck is reckoned: each takes 40 bytes of memory meanwhile


class _Note(msgspec.Struct, frozen=True):
    """A sample as it is kept."""

    share: float  # of the rows
    rows: bytes  # an Arrow file
    places: bytes  # of these rows among those of their side in the file, little-endian


def some_of(side: Share, share: float, notes: Notes) -> pl.DataFrame:
    """About that share of the rows, all for 1 or more; read only where no note tells as many."""
    name = digest_of([side.name, "sample"])
    note = notes.find(name, _Note)
    if note and note.share >= share:
        lucky = _lucky(side.name, np.frombuffer(note.places, dtype="<i8"), share)
        return pl.read_ipc(io.BytesIO(note.rows)).filter(pl.Series(lucky))
    chosen = _chosen(side, share)
    rows = _read(side, chosen)
    data = io.BytesIO()
    rows.write_ipc(data, compression="zstd")
    places = np.flatnonzero(chosen).astype("<i8").tobytes()
    notes.keep(name, _Note(share, data.getvalue(), places))
    return rows


def _read(side: Share, chosen: np.ndarray) -> pl.DataFrame:
    found, start = [], 0
    for rows in side:
        found.append(rows.filter(pl.Series(chosen[start : start + rows.height])))
        start += rows.height
    return pl.concat(found)


def _chosen(side: Share, share: float) -> np.ndarray:
    chosen = np.empty(side.height, dtype=np.bool_)
    for start in range(0, side.height, _AT_ONCE):
        places = np.arange(start, min(start + _AT_ONCE, side.height))
        chosen[places] = _lucky(side.name, places, share)
    return chosen


def _lucky(side: Digest, places: np.ndarray, share: float) -> np.ndarray:
    if share >= 1:
        return np.ones(len(places), dtype=np.bool_)
    luck: Keys = mix(places.astype(np.uint64) ^ np.uint64(int(side[:16], 16)))
    return luck < np.uint64(share * _WHOLE)
