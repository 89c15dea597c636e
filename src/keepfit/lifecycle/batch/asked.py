"""What a batch prediction is asked for, what it needs of the world, and what it says it did."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keepfit.digest import Digest
from keepfit.lifecycle.open import Opened
from keepfit.records.base import Record

MAX_REJECTS = 0.05  # a file of which more cannot be read is most likely the wrong file

OpenVersion = Callable[[str], Opened]  # from a reference to the version, verified and loaded


class Pace(Record, frozen=True):
    """How much is predicted between two checkpoints."""

    streamed: int = 16_000_000  # rows that never pass through Python: some 2 s of work
    rows: int = 500_000  # those that polars predicts, but not all of which may be readable
    slow_rows: int = 250_000  # those of any other model
    text: int = 16 << 20  # bytes of CSV or JSON lines, up to the end of a row


class Asked(Record, frozen=True, kw_only=True):
    """Which rows are to be predicted, by what, and where to."""

    reference: str
    input: str  # a file, a folder, or a pattern; here or in a bucket
    output: str  # a file where its suffix says a format, else a folder
    overwrite: bool = False
    format: str | None = None  # of a folder's files; None: each as its input
    select: tuple[str, ...] = ()  # of the answers; (): all
    probabilities: bool | None = None  # None: those of all classes, unless top_k asks for some
    top_k: int = 0
    prefix: int = 0  # answer with so many first characters of labels; 0: with whole labels
    observe: tuple[str, ...] = ()  # files of newer rows, from which a forecast goes on
    observed: Digest = ""  # what these look like
    max_rejects: float = MAX_REJECTS  # the largest share of rows that may be left out
    pace: Pace = Pace()


class Written(Record, frozen=True, kw_only=True):
    """What a batch prediction wrote."""

    version: str
    rows: int
    rejected: int
    output: str
    rejects: tuple[str, ...] = ()  # the files of them
    files: int = 1  # of rows
    resumed: int = 0  # rows that an earlier try had done
    finished: bool = False  # it was all done before; nothing was done now


@dataclass(frozen=True, slots=True)
class World:
    """Where a batch prediction happens, and who is told of it."""

    root: Path  # the project; below it is remembered what was finished
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    tell: Callable[[str], None] = lambda _: None  # what somebody should know, once
    moved: Callable[[int, float], None] = lambda _rows, _share: None  # rows done, share of bytes
