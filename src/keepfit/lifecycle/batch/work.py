"""A job with all it takes to do it, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from keepfit.__version__ import __version__
from keepfit.digest import Digest, digest_of
from keepfit.lifecycle.batch.answers import Answers
from keepfit.lifecycle.batch.asked import Asked, World
from keepfit.lifecycle.batch.inputs import Input
from keepfit.lifecycle.batch.outputs import Piece, Target
from keepfit.lifecycle.batch.state import Done, Job, State


@dataclass(frozen=True, slots=True)
class Work:
    """A job, and all it takes to do it."""

    asked: Asked
    target: Target
    inputs: tuple[Input, ...]
    pieces: tuple[Piece, ...]
    answers: Answers
    state: State
    world: World

    @property
    def digest(self) -> Digest:
        """What the job is told by."""
        return digest_of(self.job)

    @property
    def job(self) -> Job:
        """What its chunks are bound to."""
        return Job(
            reference=self.asked.reference,
            version=self.answers.version,
            manifest=self.answers.opened.state.manifest,
            inputs=tuple((one.uri, one.identity) for one in self.inputs),
            output=self.target.place,
            outputs=tuple(piece.name for piece in self.pieces),
            columns=self.answers.columns,
            pace=self.asked.pace,
            observed=self.asked.observed,
            made_by=f"keepfit {__version__} with polars {pl.__version__}",
        )


class Tally:
    """The chunks that are done, in the order of the job."""

    def __init__(self, work: Work, done: Sequence[Done]) -> None:
        self.rows = self.rejected = self.chunks = 0
        self.why = ""  # what was wrong with the first row that was rejected
        self._pieces: dict[int, list[Done]] = {}
        self._work = work
        self._behind = 0  # bytes of files that were read to their ends
        self._bytes = max(sum(one.size for one in work.inputs), 1)
        for one in done:
            self.add(one)
        self.resumed = self.rows  # of an earlier try

    def add(self, done: Done) -> None:
        """One more."""
        self._pieces.setdefault(done.piece, []).append(done)
        self.rows += done.rows
        self.rejected += done.rejected
        self.chunks += 1
        self.why = self.why or done.why
        if done.last:
            self._behind += self._work.pieces[done.piece].inputs[done.input].size

    def of(self, piece: int) -> list[Done]:
        """The chunks of one file of predictions."""
        return self._pieces.get(piece, [])

    def rejects(self) -> list[int]:
        """The pieces with rejected rows."""
        return [piece for piece, done in self._pieces.items() if any(one.rejected for one in done)]

    def start(self, piece: int, place: int) -> int | None:
        """Where the next chunk of that file of rows begins; None where none is left."""
        newest = self.of(piece)[-1:]
        if not newest or newest[0].input < place:
            return 0
        return None if newest[0].input > place or newest[0].last else newest[0].end

    def next_row(self, piece: int) -> int:
        """The number of the row that comes next in a file of predictions."""
        return 1 + sum(one.rows for one in self.of(piece))

    def share(self, one: Input, behind: float) -> float:
        """Of all bytes to be read, those that are behind us, with that share of `one`."""
        return (self._behind + (one.size * behind if behind < 1 else 0)) / self._bytes
