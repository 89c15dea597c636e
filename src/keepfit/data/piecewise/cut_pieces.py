"""Rows too many for memory, cut: which side each is on, and the rows of a side, file by file.

They are read twice: once to see which side each row is on, which few columns tell, and once for
whoever wants the rows themselves. Their order is that of the snapshot's files. What was noted of a
file in an earlier run is not read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from keepfit.config.schema.model import ModelSpec
from keepfit.data.checking.check import check
from keepfit.data.checking.findings import of_cut
from keepfit.data.columns.features import input_columns
from keepfit.data.files.rows import PathOf
from keepfit.data.piecewise.look import look_at, together
from keepfit.data.piecewise.notes import NONE, Notes
from keepfit.data.piecewise.pieces import PartRows, Share, parts_in_pieces
from keepfit.data.piecewise.sample import some_of
from keepfit.data.prepare import Prepared
from keepfit.data.splitting import sides as on
from keepfit.data.splitting.keys import Keys
from keepfit.data.splitting.split import (
    canonical_order,
    has_target,
    learned_keys,
    side_rows,
    split_of,
)
from keepfit.records.rows import Column, Snapshot

_SAMPLE = 100_000  # training rows that are kept whole, about

Places = NDArray[np.uint32] | NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cut:
    """Which side each row is on, and all that was found on the way."""

    parts: tuple[PartRows, ...]
    ends: tuple[int, ...]  # of each file's rows, among all
    prepared: Prepared  # its split has few columns, its train and validation the files' order
    train: Places  # where the training rows are among all
    holdout: Places  # in the order of the split's holdout

    def training(self) -> Iterator[Share]:
        """The training rows, file by file, but for files that have none."""
        return self._shares(self.train)

    def at(self, places: Places) -> pl.DataFrame:
        """The rows of these places, in the order of `places`, of which there is one at least."""
        found = pl.concat([rows for share in self._shares(places) for rows in share])
        return found[np.argsort(np.argsort(places))]

    def judged(self, notes: Notes) -> Prepared:
        """What was prepared, with the holdout's rows whole, and some of the training rows."""
        split = replace(self.prepared.split, holdout=self.at(self.holdout))
        share = _SAMPLE / len(self.train)
        some = [some_of(one, share, _worth(notes, self.parts)) for one in self.training()]
        return replace(self.prepared, split=split, sample=pl.concat(some))

    def _shares(self, places: Places) -> Iterator[Share]:
        keep = np.zeros(self.ends[-1], dtype=np.bool_)
        keep[places] = True
        for part, start, end in zip(self.parts, (0, *self.ends), self.ends, strict=False):
            if keep[start:end].any():
                yield Share(part, keep[start:end])


def cut_pieces(  # noqa: PLR0913 - one sentence, and the world it is said in
    snapshot: Snapshot,
    spec: ModelSpec,
    path: PathOf,
    *,
    previous: Sequence[Column] | None = None,
    now: datetime | None = None,
    seen: Keys | None = None,
    notes: Notes = NONE,
) -> Cut:
    """What `prepare` says of the same rows, of which only what cuts and checks look at is kept.

    A file of which `notes` tell is not read.
    """
    parts = parts_in_pieces(snapshot, spec, path)
    looks = [look_at(part, _worth(notes, parts)) for part in parts]
    ends = tuple(accumulate(len(look.keys) for look in looks))
    look = together(looks)
    del looks  # twice as many rows would be in memory
    checked = check(look.rows, spec, columns=look.columns, previous=previous, now=now)
    until = datetime.fromisoformat(snapshot.until) if snapshot.until else None
    labelled = has_target(look.rows, spec.target).to_numpy()
    keys, there = look.keys if labelled.all() else look.keys[labelled], _places(labelled)
    sided = side_rows(look.rows, spec, lambda _: keys, until=until, seen=seen)
    judged = np.flatnonzero(sided.sides == on.HOLDOUT)
    when = None if sided.times is None else sided.times[judged]
    judged = judged[canonical_order(sided.rows[judged], sided.keys[judged], when)]
    learned, tuned = learned_keys(sided, seen)
    sides = (
        sided.rows.filter(pl.Series(sided.sides == on.TRAIN)),
        sided.rows.filter(pl.Series(sided.sides == on.VALIDATION)),
        sided.rows[judged],
        learned,
        tuned,
        sided.keys[judged],
        sided.keys[:0],  # a key a row is for folds, which are cut of rows in memory
    )
    split = split_of(sided, spec, sides, seen)
    prepared = Prepared(
        split=split,
        removals=look.removals,
        findings=checked.findings + of_cut(split, snapshot, spec, goes_on=seen is not None),
        bad=checked.bad.drop(cs.starts_with("__raw.")),
        schema=input_columns(look.columns, spec.data, spec.features, spec.target),
        columns=look.inputs,
    )
    train = there[sided.sides == on.TRAIN]
    return Cut(tuple(parts), ends, prepared, train, there[judged])


def _worth(notes: Notes, parts: Sequence[PartRows]) -> Notes:
    """None where all rows lie in one file, which changes as a whole: its note would be large, and
    no later run could use it."""
    return notes if len(parts) > 1 else NONE


def _places(chosen: NDArray[np.bool_]) -> Places:
    places = np.flatnonzero(chosen)
    return places.astype(np.uint32) if len(chosen) < 1 << 32 else places
