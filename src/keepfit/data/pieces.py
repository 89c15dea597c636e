"""Rows that need not be in memory together: read, derived, cleaned and cut a piece at a time.

They are read twice: once to see which side each row is on, which few columns tell, and once for
whoever wants the rows themselves. Their order is that of the snapshot's files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from keepfit.config.schema.model import ModelSpec
from keepfit.data import sides as on
from keepfit.data.check import check, enough
from keepfit.data.dtypes import columns_of
from keepfit.data.expressions import row_by_row
from keepfit.data.features import input_columns
from keepfit.data.keys import Keys, row_keys
from keepfit.data.prepare import Making, Prepared, added, inputs_of, key_of, make
from keepfit.data.read import reading
from keepfit.data.rows import PathOf, parts_of_source
from keepfit.data.split import canonical_order, has_target, learned_keys, side_rows, split_of
from keepfit.records.rows import Column, Removal, Snapshot

_PIECE = 1 << 17  # rows of a piece, about
_SAMPLE = 100_000  # training rows that are kept whole, at most

Places = NDArray[np.uint32] | NDArray[np.intp]


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
class Pieces:
    """The rows of a snapshot, a piece at a time, as often as they are asked for."""

    snapshot: Snapshot
    spec: ModelSpec
    path: PathOf

    def __iter__(self) -> Iterator[Piece]:
        """Each piece, made ready; SourceError for a file that cannot be read."""
        making = Making(self.spec, None, None)
        for raw in self._raw():
            rows, removals = make(raw, making)
            yield Piece(raw, rows, removals)

    def _raw(self) -> Iterator[pl.DataFrame]:
        source = next(iter(self.spec.data.sources))
        for part in parts_of_source(self.snapshot, source, self.spec.data, self.path):
            with reading("the snapshot"):
                batches = part.collect_batches(chunk_size=_PIECE, maintain_order=True, lazy=True)
                empty = True
                for raw in batches:
                    empty = False
                    yield raw
                if empty:  # its columns are known all the same
                    yield part.head(0).collect()

    def only(self, *keeps: NDArray[np.bool_]) -> Iterator[tuple[pl.DataFrame, ...]]:
        """Of each piece the rows for which each of `keeps`, a truth value a row of all, is true."""
        start = 0
        for piece in self:
            end = start + piece.rows.height
            yield tuple(piece.rows.filter(pl.Series(keep[start:end])) for keep in keeps)
            start = end


@dataclass(frozen=True, slots=True)
class Cut:
    """Which side each row of the pieces is on, and all that was found on the way."""

    pieces: Pieces
    prepared: Prepared  # its split has few columns, its train and validation the pieces' order
    every: int  # rows of all pieces
    train: Places  # where the training rows are among them
    holdout: Places  # in the order of the split's holdout

    def learn(self, gather: Callable[[pl.DataFrame], None], more: Places) -> pl.DataFrame:
        """Have the training rows gathered, piece by piece; the rows of the places `more`."""
        found = []
        for train, wanted in self.pieces.only(self._mask(self.train), self._mask(more)):
            gather(train)
            found.append(wanted)
        return _in_order_of(more, pl.concat(found))

    def judged(self) -> Prepared:
        """What was prepared, with the holdout's rows whole, and some of the training rows."""
        sample = self.train[:: max(1, math.ceil(len(self.train) / _SAMPLE))]
        masks = self._mask(self.holdout), self._mask(sample)
        holdout, train = zip(*self.pieces.only(*masks), strict=True)
        rows = _in_order_of(self.holdout, pl.concat(holdout))
        split = replace(self.prepared.split, holdout=rows)
        return replace(self.prepared, split=split, sample=pl.concat(train))

    def _mask(self, places: Places) -> NDArray[np.bool_]:
        keep = np.zeros(self.every, dtype=np.bool_)
        keep[places] = True
        return keep


@dataclass(slots=True)
class _Thin:
    """What a first look keeps of the rows."""

    rows: list[pl.DataFrame] = field(default_factory=list)
    keys: list[Keys] = field(default_factory=list)
    removals: tuple[Removal, ...] = ()
    columns: tuple[Column, ...] = ()
    inputs: tuple[Column, ...] = ()

    def add(self, piece: Piece, spec: ModelSpec) -> None:
        named = key_of(piece.raw, piece.rows, spec)
        self.columns = columns_of(piece.raw.schema)
        self.inputs = inputs_of(piece.raw, spec)
        self.removals = added(self.removals, piece.removals) if self.removals else piece.removals
        self.keys.append(row_keys(piece.rows, named))
        wanted = [name for name in _named(spec) if name in piece.rows.columns]
        self.rows.append(piece.rows.select(wanted))

    def all(self) -> tuple[pl.DataFrame, Keys]:
        """Rows and keys below each other; they are no longer kept here."""
        rows, keys = pl.concat(self.rows), np.concatenate(self.keys)
        self.rows, self.keys = [], []
        return rows, keys


def cut_pieces(  # noqa: PLR0913 - one sentence, and the world it is said in
    snapshot: Snapshot,
    spec: ModelSpec,
    path: PathOf,
    *,
    previous: Sequence[Column] | None = None,
    now: datetime | None = None,
    seen: Keys | None = None,
) -> Cut:
    """What `prepare` says of the same rows, of which only what cuts and checks look at is kept."""
    pieces, thin = Pieces(snapshot, spec, path), _Thin()
    for piece in pieces:
        thin.add(piece, spec)
    rows, keys = thin.all()
    checked = check(rows, spec, columns=thin.columns, previous=previous, now=now)
    until = datetime.fromisoformat(snapshot.until) if snapshot.until else None
    labelled = has_target(rows, spec.target).to_numpy()
    keys, there = keys if labelled.all() else keys[labelled], _places(labelled)
    sided = side_rows(rows, spec, lambda _: keys, until=until, seen=seen)
    judged = np.flatnonzero(sided.sides == on.HOLDOUT)
    when = None if sided.times is None else sided.times[judged]
    judged = judged[canonical_order(sided.rows[judged], sided.keys[judged], when)]
    learned, tuned = learned_keys(sided, seen)
    parts = (
        sided.rows.filter(pl.Series(sided.sides == on.TRAIN)),
        sided.rows.filter(pl.Series(sided.sides == on.VALIDATION)),
        sided.rows[judged],
        learned,
        tuned,
        sided.keys[judged],
        np.concatenate([sided.keys[sided.sides == side] for side in (on.TRAIN, on.VALIDATION)]),
    )
    split = split_of(sided, spec, parts, seen)
    prepared = Prepared(
        split=split,
        removals=thin.removals,
        findings=checked.findings + enough(split.report.train, spec),
        bad=checked.bad.drop(cs.starts_with("__raw.")),
        schema=input_columns(thin.columns, spec.data, spec.features, spec.target),
        columns=thin.inputs,
    )
    train = there[sided.sides == on.TRAIN]
    return Cut(pieces, prepared, rows.height, train, there[judged])


def _places(chosen: NDArray[np.bool_]) -> Places:
    places = np.flatnonzero(chosen)
    return places.astype(np.uint32) if len(chosen) < 1 << 32 else places


def _in_order_of(places: Places, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that lie in the order of the pieces, in that of their `places` instead."""
    return rows[np.argsort(np.argsort(places))]


def _named(spec: ModelSpec) -> list[str]:
    """The columns that cuts, checks and the naive predictor look at."""
    by = () if isinstance(spec.gate.baseline, str) else spec.gate.baseline.by
    checked = (*spec.checks.nulls, *spec.checks.ranges)
    others = filter(None, (spec.data.time, spec.split.group, spec.split.column))
    return list(dict.fromkeys([spec.target, *others, *spec.data.key, *checked, *by]))
