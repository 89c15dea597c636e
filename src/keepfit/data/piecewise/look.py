"""A first look at a file of rows: what cutting and checking them needs, which few columns tell."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.piecewise.notes import Notes
from keepfit.data.piecewise.pieces import PartRows, Piece, baseline_columns
from keepfit.data.prepare import added, inputs_of, key_of
from keepfit.data.splitting.keys import Keys, row_keys
from keepfit.data.types.dtypes import columns_of
from keepfit.digest import digest_of
from keepfit.records.rows import Column, Removal


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one file, or of several."""

    rows: pl.DataFrame  # a row each, in their order; few columns
    keys: Keys  # a key each
    removals: tuple[Removal, ...]
    columns: tuple[Column, ...]  # raw ones
    inputs: tuple[Column, ...]  # raw ones but the target


class _Note(msgspec.Struct, frozen=True):
    """A look as it is kept."""

    rows: bytes  # an Arrow file
    keys: bytes  # little-endian
    removals: tuple[Removal, ...]
    columns: tuple[Column, ...]
    inputs: tuple[Column, ...]


def look_at(part: PartRows, notes: Notes) -> Look:
    """What is seen of the file; it is read only where no note tells of it."""
    wanted = _named(part.spec)
    name = digest_of([part.name, wanted])
    if note := notes.find(name, _Note):
        return _from(note)
    found = _looked(part, wanted)
    notes.keep(name, _note(found))
    return found


def together(looks: Sequence[Look]) -> Look:
    """What was seen of several files, below each other."""
    if len(looks) == 1:  # a copy would be as large
        return looks[0]
    removals = looks[0].removals
    for look in looks[1:]:
        removals = added(removals, look.removals)
    return Look(
        rows=pl.concat([look.rows for look in looks]),
        keys=np.concatenate([look.keys for look in looks]),
        removals=removals,
        columns=looks[0].columns,
        inputs=looks[0].inputs,
    )


def _looked(part: PartRows, wanted: Sequence[str]) -> Look:
    return together([_of_piece(piece, part.spec, wanted) for piece in part])


def _of_piece(piece: Piece, spec: ModelSpec, wanted: Sequence[str]) -> Look:
    return Look(
        rows=piece.rows.select(name for name in wanted if name in piece.rows.columns),
        keys=row_keys(piece.rows, key_of(piece.raw, piece.rows, spec)),
        removals=piece.removals,
        columns=columns_of(piece.raw.schema),
        inputs=inputs_of(piece.raw, spec),
    )


def _note(look: Look) -> _Note:
    rows = io.BytesIO()
    look.rows.write_ipc(rows, compression="zstd")
    keys = look.keys.astype("<u8").tobytes()
    return _Note(rows.getvalue(), keys, look.removals, look.columns, look.inputs)


def _from(note: _Note) -> Look:
    rows = pl.read_ipc(io.BytesIO(note.rows))
    keys = np.frombuffer(note.keys, dtype="<u8").astype(np.uint64)
    return Look(rows, keys, note.removals, note.columns, note.inputs)


def _named(spec: ModelSpec) -> list[str]:
    """The columns that cuts, checks and the naive predictor look at."""
    checked = (*spec.checks.nulls, *spec.checks.ranges)
    others = filter(None, (spec.data.time, spec.split.group, spec.split.column))
    return list(
        dict.fromkeys([spec.target, *others, *spec.data.key, *checked, *baseline_columns(spec)])
    )
