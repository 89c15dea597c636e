"""What comes of a chunk in files: in files of its own, or at once as a finished piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from msgspec.structs import replace
from polars.exceptions import PolarsError

from keepfit.data.files.read import in_short
from keepfit.errors import SinkError
from keepfit.lifecycle.batch.sinks import (
    chunk_bytes,
    join_chunks,
    rejects_bytes,
    stream_chunk,
    write_rejects,
    write_whole,
)
from keepfit.lifecycle.batch.state import Done, unwritable
from keepfit.lifecycle.batch.work import Work


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of the rows of a chunk that were read."""

    rows: int
    good: pl.DataFrame  # keys and answers
    bad: pl.DataFrame | None  # the rows that have none, with their reasons


def keep(work: Work, done: Done, said: Said, chunk: int, *, first: bool) -> Done:
    """The chunk with this number in files of its own; `first` of its piece."""
    data = chunk_bytes(said.good, _format(work, done), work.answers.version, header=first)
    file, digest = work.state.keep(chunk, data)
    done = replace(done, file=file, digest=digest)
    if said.bad is None:
        return done
    rejects, digest = work.state.keep(chunk, rejects_bytes(said.bad))
    return replace(done, rejects=rejects, rejects_digest=digest)


def keep_streamed(work: Work, done: Done, rows: pl.LazyFrame, chunk: int, *, first: bool) -> Done:
    """The same for answers that are never all in memory."""
    kind, version = _format(work, done), work.answers.version

    def write(path: Path) -> None:
        with _writing(work):
            stream_chunk(rows, kind, version, path, header=first)

    file, digest = work.state.keep_file(chunk, write)
    return replace(done, file=file, digest=digest)


def finish(work: Work, number: int, rows: pl.LazyFrame, bad: pl.DataFrame | None) -> None:
    """The piece with this number from the one chunk that it has."""
    piece, version = work.pieces[number], work.answers.version
    if bad is not None:
        _make(work, piece.rejects, lambda path: write_rejects([bad.lazy()], piece.format, path))
    _make(work, piece.name, lambda path: write_whole(rows, piece.format, version, path))


def join(work: Work, number: int, done: list[Done]) -> None:
    """The piece with this number from its chunks, which go."""
    piece, version, folder = work.pieces[number], work.answers.version, work.state.folder
    files = [folder / one.file for one in done]
    rejects = [pl.scan_ipc(folder / one.rejects) for one in done if one.rejects]
    with _joining(work):
        if rejects:
            _make(work, piece.rejects, lambda path: write_rejects(rejects, piece.format, path))
        _make(work, piece.name, lambda path: join_chunks(files, piece.format, version, path))
    work.state.drop([name for one in done for name in (one.file, one.rejects) if name])


def _make(work: Work, name: str, write: Callable[[Path], None]) -> None:
    """A finished file, whole or not at all, where it waits for the others."""
    path = work.state.out / name
    draft = path.with_name(f"{path.name}.part")
    with _writing(work):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draft)
        draft.replace(path)


@contextmanager
def _writing(work: Work) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(work.target.place, error) from error


@contextmanager
def _joining(work: Work) -> Iterator[None]:
    try:
        yield
    except PolarsError as error:  # no rows of the user's are read here
        raise SinkError(
            f"{work.target.place} was not written: {in_short(error)}",
            hint=f"make room there and run the same command again; or remove {work.state.folder}",
        ) from error


def _format(work: Work, done: Done) -> str:
    return work.pieces[done.piece].format
