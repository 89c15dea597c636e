"""Rows that need not be in memory together: the files of a snapshot, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.__version__ import __version__
from keepfit.config.schema.model import ModelSpec
from keepfit.data.columns.expressions import row_by_row
from keepfit.data.files.read import reading
from keepfit.data.files.rows import PathOf, parts_of_source
from keepfit.data.make import Making, make, named_columns
from keepfit.digest import Digest, digest_of, sha256
from keepfit.records.rows import Part, Removal, Snapshot

_PIECE = 1 << 17  # rows of a piece, about


def may_be_cut(spec: ModelSpec) -> bool:
    """Whether a row's values hang on that row alone, so that a piece can be made by itself.

    A query and a transform may look at all rows, as may an expression that sums or ranks; rows of
    several origins are held against each other.
    """
    data = spec.data
    whole = data.query or data.transform or data.text or data.origin or spec.split.how == "file"
    rules = [*data.derive.items(), *data.clean.items()]
    return not whole and all(row_by_row(name, sql) for name, sql in rules)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows, ready to learn from."""

    raw: pl.DataFrame
    rows: pl.DataFrame
    removals: tuple[Removal, ...]


@dataclass(frozen=True, slots=True)
class PartRows:
    """The rows of one file, a piece at a time, as often as they are asked for."""

    name: Digest  # of all that they hang on: the file's bytes, and what is done to its rows
    raw: pl.LazyFrame
    spec: ModelSpec

    def __iter__(self) -> Iterator[Piece]:
        """Each piece, made ready; SourceError for a file that cannot be read."""
        making = Making(self.spec, None, None)
        for raw in self._raw():
            rows, removals = make(raw, making)
            yield Piece(raw, rows, removals)

    def only(self, keep: NDArray[np.bool_]) -> Iterator[pl.DataFrame]:
        """Of each piece the rows for which `keep`, a truth value a row of the file, is true."""
        start = 0
        for piece in self:
            end = start + piece.rows.height
            yield piece.rows.filter(pl.Series(keep[start:end]))
            start = end

    def _raw(self) -> Iterator[pl.DataFrame]:
        with reading("the snapshot"):
            batches = self.raw.collect_batches(chunk_size=_PIECE, maintain_order=True, lazy=True)
            empty = True
            for raw in batches:
                empty = False
                yield raw
            if empty:  # its columns are known all the same
                yield self.raw.head(0).collect()


@dataclass(frozen=True, slots=True)
class Share:
    """The rows of one file that are on one side."""

    part: PartRows
    keep: NDArray[np.bool_]  # a truth value a row of the file

    @property
    def name(self) -> Digest:
        """Of all that these rows hang on."""
        return digest_of([self.part.name, sha256(np.packbits(self.keep).tobytes())])

    @property
    def height(self) -> int:
        """How many rows they are."""
        return int(self.keep.sum())

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """The rows, a piece at a time; SourceError for a file that cannot be read."""
        return self.part.only(self.keep)


def parts_in_pieces(snapshot: Snapshot, spec: ModelSpec, path: PathOf) -> list[PartRows]:
    """The files of the model's one source; UserError if they disagree about their columns."""
    source = next(iter(spec.data.sources))
    frames = parts_of_source(snapshot, source, spec.data, path)
    parts = [part for part in snapshot.parts if part.source == source]
    made = _made(spec)
    return [
        PartRows(digest_of([made, _read(part, frame, snapshot)]), frame, spec)
        for part, frame in zip(parts, frames, strict=True)
    ]


def _made(spec: ModelSpec) -> list[object]:
    """What is done to each row, what is refused of it, and by whom."""
    data = spec.data.model_dump(mode="json", include={"key", "time", "derive", "clean"})
    asked = [*map(list, named_columns(spec)), list(spec.gate.slices), spec.features]
    return [__version__, pl.__version__, np.__version__, data, asked, baseline_columns(spec)]


def baseline_columns(spec: ModelSpec) -> tuple[str, ...]:
    """The columns by which the naive predictor tells rows apart."""
    return () if isinstance(spec.gate.baseline, str) else spec.gate.baseline.by


def _read(part: Part, rows: pl.LazyFrame, snapshot: Snapshot) -> list[object]:
    """What of the file is read, and how."""
    columns = {name: str(dtype) for name, dtype in rows.collect_schema().items()}
    how = [part.format, part.compression, part.types, part.time]
    return [part.digest, how, list(columns.items()), *_bounds(part, snapshot)]


def _bounds(part: Part, snapshot: Snapshot) -> tuple[str | None, str | None]:
    """Where the snapshot's bounds cut this file; all that are later leave out the same of it."""
    since, until = snapshot.since, snapshot.until
    if since and part.time_from and _moment(part.time_from) >= _moment(since):
        since = None
    if until and part.time_to and _moment(part.time_to) < _moment(until):
        until = "later"  # which still leaves out rows without a time
    return since, until


_moment = datetime.fromisoformat
