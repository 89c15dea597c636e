"""One file of predictions: each chunk of its rows is answered, kept, and noted as done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from msgspec.structs import replace
from polars.exceptions import PolarsError

from keepfit.data.conform import FLAWED
from keepfit.data.read import in_short, reading
from keepfit.errors import SinkError, SourceError, UserError
from keepfit.lifecycle.batch.answers import ROW, answered, flawed
from keepfit.lifecycle.batch.chunks import Chunk, chunks_of
from keepfit.lifecycle.batch.inputs import Input, identity_of
from keepfit.lifecycle.batch.outputs import Piece
from keepfit.lifecycle.batch.sinks import (
    chunk_bytes,
    join_chunks,
    rejects_bytes,
    write_rejects,
    write_whole,
)
from keepfit.lifecycle.batch.state import Done, unwritable
from keepfit.lifecycle.batch.work import Tally, Work


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a chunk."""

    rows: int  # read
    good: pl.DataFrame  # keys and answers
    bad: pl.DataFrame | None  # the rows that have none, with their reasons


def answer_piece(work: Work, number: int, tally: Tally) -> None:
    """The piece of this number waits among the finished files; what is done is not done again."""
    piece = work.pieces[number]
    for place, one in enumerate(piece.inputs):
        start = tally.start(number, place)
        if start is None:
            continue
        with closing(_chunks(work, one, start)) as chunks:
            for chunk in chunks:
                _answer(work, number, place, chunk, tally)
                work.world.moved(tally.rows, _share(work, one, chunk))
        _refuse_changed(work, one)
    if not work.state.is_made(piece.name):
        _join(work, number, tally)


def _answer(work: Work, number: int, place: int, chunk: Chunk, tally: Tally) -> None:
    """The chunk is answered, kept, and noted: here is the moment at which it is done."""
    piece, before = work.pieces[number], tally.of(number)
    one = piece.inputs[place]
    said = _said(work, one, chunk, tally.next_row(number))
    _refuse_unlike(before, said.good.columns, one)
    done = _noted(number, place, chunk, said)
    if chunk.last and len(piece.inputs) == 1 and not before:
        _made(work, piece, said)
    else:
        done = _kept(work, done, said, len(tally.done), first=not before)
    work.state.note(done)
    tally.done.append(done)


def _chunks(work: Work, one: Input, start: int) -> Generator[Chunk, None, None]:
    pace = work.asked.pace
    rows = pace.rows if work.answers.quick else pace.slow_rows
    whole = work.answers.at_once
    return chunks_of(one, start, pace, None if whole else rows, work.world.environ)


def _said(work: Work, one: Input, chunk: Chunk, first: int) -> Said:
    with _asking(work, one, first):
        rows = answered(work.answers, chunk.rows, first).collect(engine="streaming")
        if FLAWED not in rows.columns:
            return Said(rows.height, rows, None)
        good = rows.filter(~pl.col(FLAWED)).drop(FLAWED)
        if good.height == rows.height:
            return Said(rows.height, good, None)
        bad = flawed(work.answers, chunk.rows, first)
    if good.height + bad.height != rows.height:
        raise _changed(one)
    return Said(rows.height, good, bad)


@contextmanager
def _asking(work: Work, one: Input, first: int) -> Iterator[None]:
    """What goes wrong in the words of who must act: the model's own, or those of a bad file."""
    place = one.uri if first == 1 else f"{one.uri}, from row {first:,} on,"
    try:
        with reading(place):
            yield
    except SourceError as error:
        if work.answers.trouble:
            raise work.answers.trouble[0] from error
        raise
    except UserError as error:
        raise UserError(f"{one.uri}: {error}", hint=error.hint) from error


def _noted(number: int, place: int, chunk: Chunk, said: Said) -> Done:
    return Done(
        piece=number,
        input=place,
        end=chunk.end,
        last=chunk.last,
        rows=said.rows,
        rejected=0 if said.bad is None else said.bad.height,
        columns=tuple(said.good.columns),
        why="" if said.bad is None else f"row {said.bad[ROW][0]:,}, {said.bad['reason'][0]}",
    )


def _kept(work: Work, done: Done, said: Said, chunk: int, *, first: bool) -> Done:
    """The chunk in files of its own."""
    piece, version = work.pieces[done.piece], work.answers.version
    data = chunk_bytes(said.good, piece.format, version, header=first)
    file, digest = work.state.keep(chunk, data)
    done = replace(done, file=file, digest=digest)
    if said.bad is None:
        return done
    rejects, digest = work.state.keep(chunk, rejects_bytes(said.bad))
    return replace(done, rejects=rejects, rejects_digest=digest)


def _made(work: Work, piece: Piece, said: Said) -> None:
    """The chunk that is all there is, at once as the finished files."""
    if said.bad is not None:
        bad = said.bad
        _make(work, piece.rejects, lambda path: write_rejects([bad.lazy()], piece.format, path))
    good, version = said.good, work.answers.version
    _make(work, piece.name, lambda path: write_whole(good, piece.format, version, path))


def _join(work: Work, number: int, tally: Tally) -> None:
    """The piece from its chunks."""
    piece, version, done = work.pieces[number], work.answers.version, tally.of(number)
    folder = work.state.folder
    files = [folder / one.file for one in done]
    rejects = [pl.scan_ipc(folder / one.rejects) for one in done if one.rejects]
    if rejects:
        _make(work, piece.rejects, lambda path: write_rejects(rejects, piece.format, path))
    _make(work, piece.name, lambda path: join_chunks(files, piece.format, version, path))
    work.state.drop([name for one in done for name in (one.file, one.rejects) if name])


def _make(work: Work, name: str, write: Callable[[Path], None]) -> None:
    """A finished file, whole or not at all, where it waits for the others."""
    path = work.state.out / name
    draft = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draft)
        draft.replace(path)
    except OSError as error:
        raise unwritable(Path(work.target.place), error) from error
    except PolarsError as error:
        raise SinkError(
            f"{work.target.place} was not written: {in_short(error)}",
            hint="the disk may be full: free some space and run the same command again",
        ) from error


def _refuse_unlike(before: Sequence[Done], columns: Sequence[str], one: Input) -> None:
    if before and before[0].columns != tuple(columns):
        raise UserError(
            f"{one.uri} would be answered with the columns {', '.join(columns)}, and the rows "
            f"before it with {', '.join(before[0].columns)}: some have the key, some lack it",
            hint="give all files the same key columns, or predict them one by one",
        )


def _share(work: Work, one: Input, chunk: Chunk) -> float:
    """Of all bytes to be read, those that are behind us."""
    before = work.inputs[: work.inputs.index(one)]
    behind = sum(other.size for other in before) + one.size * chunk.share
    return behind / max(sum(other.size for other in work.inputs), 1)


def _refuse_changed(work: Work, one: Input) -> None:
    if identity_of(one, work.world.environ) != one.identity:
        raise _changed(one)


def _changed(one: Input) -> SourceError:
    return SourceError(
        f"{one.uri} changed while it was read: nothing was written",
        hint="run the same command again once nobody writes to it: it begins anew",
    )
