"""One file of predictions: each chunk of its rows is answered, kept, and noted as done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import polars as pl
from msgspec.structs import replace

from keepfit.data.files.read import reading
from keepfit.data.types.conform import FLAWED
from keepfit.errors import SourceError, UserError
from keepfit.lifecycle.batch.answers import BESIDE, ROW, answered, flawed, refused_among
from keepfit.lifecycle.batch.chunks import Chunk, chunks_of
from keepfit.lifecycle.batch.inputs import Input, identity_of
from keepfit.lifecycle.batch.keeping import Said, finish, join, keep, keep_streamed
from keepfit.lifecycle.batch.state import Done
from keepfit.lifecycle.batch.work import Tally, Work


def answer_piece(work: Work, number: int, tally: Tally) -> None:
    """The piece of this number waits among the finished files; what is done is not done again."""
    piece, environ = work.pieces[number], work.world.environ
    for place, one in enumerate(piece.inputs):
        start = tally.start(number, place)
        if start is None:
            continue
        with closing(chunks_of(one, start, work.asked.pace, work.answers, environ)) as chunks:
            for chunk in chunks:
                done = _answer(work, Done(piece=number, input=place, end=chunk.end), chunk, tally)
                work.state.note(done)  # here is the moment at which it is done
                tally.add(done)
                work.world.moved(tally.rows, tally.share(one, chunk.share))
        _refuse_changed(work, one)
    if not work.state.is_made(piece.name):
        join(work, number, tally.of(number))


def _answer(work: Work, done: Done, chunk: Chunk, tally: Tally) -> Done:
    """The chunk, answered and kept."""
    before, count = tally.of(done.piece), tally.chunks
    inputs = work.pieces[done.piece].inputs
    one, first = inputs[done.input], tally.next_row(done.piece)
    only = chunk.last and len(inputs) == 1 and not before
    with _asking(work, one, first):
        rows = answered(work.answers, chunk.rows, first)
        columns = [name for name in rows.collect_schema() if name not in BESIDE]
        _refuse_unlike(before, columns, one)
        done = replace(done, last=chunk.last, columns=tuple(columns), rows=chunk.size or 0)
        if chunk.streams:
            if not only:
                return keep_streamed(work, done, rows, count, first=not before)
            finish(work, done.piece, rows, None)
            return done
        said = _said(work, one, chunk, rows, first)
        done = _counted(done, said)
        if not only:
            return keep(work, done, said, count, first=not before)
        finish(work, done.piece, said.good.lazy(), said.bad)
        return done


def _said(work: Work, one: Input, chunk: Chunk, answers: pl.LazyFrame, first: int) -> Said:
    rows = answers.collect(engine="streaming")
    if FLAWED not in rows.columns:
        return Said(rows.height, rows, None)
    good = rows.filter(~pl.col(FLAWED)).drop(BESIDE, strict=False)
    if good.height == rows.height:
        return Said(rows.height, good, None)
    bad = flawed(work.answers, chunk.rows, first, refused_among(rows))
    if good.height + bad.height != rows.height:
        raise _changed(one)
    return Said(rows.height, good, bad)


def _counted(done: Done, said: Said) -> Done:
    if said.bad is None:
        return replace(done, rows=said.rows)
    why = f"row {said.bad[ROW][0]:,}, {said.bad['reason'][0]}"
    return replace(done, rows=said.rows, rejected=said.bad.height, why=why)


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


def _refuse_unlike(before: Sequence[Done], columns: Sequence[str], one: Input) -> None:
    if before and before[0].columns != tuple(columns):
        raise UserError(
            f"{one.uri} would be answered with the columns {', '.join(columns)}, and the rows "
            f"before it with {', '.join(before[0].columns)}: some have the key, some lack it",
            hint="give all files the same key columns, or predict them one by one",
        )


def _refuse_changed(work: Work, one: Input) -> None:
    if identity_of(one, work.world.environ) != one.identity:
        raise _changed(one)


def _changed(one: Input) -> SourceError:
    return SourceError(
        f"{one.uri} changed while it was read: nothing was written",
        hint="run the same command again once nobody writes to it: it begins anew",
    )
