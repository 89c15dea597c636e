"""A job with all it takes to do it, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

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
            made_by=f"keepfit {__version__} with polars {pl.__version__}",
        )


@dataclass
class Tally:
    """The chunks that are done, in the order of the job."""

    done: list[Done]
    resumed: int = field(init=False)  # rows of an earlier try

    def __post_init__(self) -> None:
        self.resumed = self.rows

    @property
    def why(self) -> str:
        """What was wrong with the first row that was rejected."""
        return next((one.why for one in self.done if one.why), "")

    @property
    def rows(self) -> int:
        """How many were read."""
        return sum(one.rows for one in self.done)

    @property
    def rejected(self) -> int:
        """How many of them could not be answered."""
        return sum(one.rejected for one in self.done)

    def of(self, piece: int) -> list[Done]:
        """The chunks of one file of predictions."""
        return [one for one in self.done if one.piece == piece]

    def start(self, piece: int, place: int) -> int | None:
        """Where the next chunk of that file of rows begins; None where none is left."""
        mine = [one for one in self.done if (one.piece, one.input) == (piece, place)]
        if not mine:
            return 0
        return None if mine[-1].last else mine[-1].end

    def next_row(self, piece: int) -> int:
        """The number of the row that comes next in a file of predictions."""
        return 1 + sum(one.rows for one in self.of(piece))
