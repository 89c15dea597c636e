"""A file of rows in chunks, each read by itself: the same ones whenever they are asked for."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import polars as pl

from keepfit.data.files.fetch import options_of
from keepfit.data.files.read import reading
from keepfit.lifecycle.batch.answers import Answers
from keepfit.lifecycle.batch.asked import Pace
from keepfit.lifecycle.batch.inputs import Input
from keepfit.lifecycle.batch.text import cut, header_of, open_text


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, in their order."""

    rows: pl.LazyFrame
    size: int | None  # rows; None where only reading them tells
    end: int  # where the next begins: the byte of a text, else the row
    last: bool  # of its file
    share: float  # of the file that is behind us at its end; 0 where nobody knows
    streams: bool = False  # its rows need never all be in memory


def chunks_of(
    one: Input, start: int, pace: Pace, answers: Answers, environ: Mapping[str, str]
) -> Generator[Chunk, None, None]:
    """The chunks from `start` on, where one began."""
    if one.format == "parquet":
        return _of_parquet(one, start, pace, answers, environ)
    return _of_text(one, start, None if answers.at_once else pace.text, environ)


def columns_of(one: Input, environ: Mapping[str, str]) -> pl.Schema | None:
    """What a look at the file's head says of its columns; None of JSON lines, which have none."""
    with reading(one.uri):
        if one.format == "parquet":
            return _parquet(one, environ).collect_schema()
        if one.format == "jsonl":
            return None
        return _csv(one, _head(one, environ)).collect_schema()


def _parquet(one: Input, environ: Mapping[str, str]) -> pl.LazyFrame:
    options = options_of(one.uri, environ) if one.path is None else None
    place = one.path or one.uri
    return pl.scan_parquet(place, glob=False, hive_partitioning=False, storage_options=options)


def _of_parquet(
    one: Input, start: int, pace: Pace, answers: Answers, environ: Mapping[str, str]
) -> Generator[Chunk, None, None]:
    everything = _parquet(one, environ)
    with reading(one.uri):
        total = int(everything.select(pl.len()).collect().item())
        streams = answers.streams(everything.collect_schema())
    size = pace.streamed if streams else pace.rows if answers.quick else pace.slow_rows
    size = total if answers.at_once else size
    end = -1
    while end < total:
        end = min(start + max(size, 1), total)
        whole = end - start == total
        rows = everything if whole else everything.slice(start, end - start)
        share = end / total if total else 1.0
        yield Chunk(rows, end - start, end, end >= total, share, streams)
        start = end


def _of_text(
    one: Input, start: int, size: int | None, environ: Mapping[str, str]
) -> Generator[Chunk, None, None]:
    jsonl = one.format == "jsonl"
    size = size or max(one.size, 1) * 2
    with reading(one.uri):
        head = b"" if jsonl else _head(one, environ)
        known = _known(one, size, environ) if jsonl and start else None
    at = max(start, len(head))
    with closing(_pieces(one, at, size, environ)) as pieces:
        for block, last in pieces:
            with reading(one.uri):
                rows = _jsonl(block, known) if jsonl else _csv(one, head + block)
                known = known or rows.collect_schema()
            at += len(block)
            behind = at / one.size if one.path and not one.compression and one.size else 0.0
            yield Chunk(rows, None, at, last=last, share=1.0 if last else min(behind, 1.0))


def _pieces(
    one: Input, start: int, size: int, environ: Mapping[str, str]
) -> Generator[tuple[bytes, bool], None, None]:
    with reading(one.uri), open_text(one, start, environ) as text:
        yield from cut(text, size, quoted=one.format != "jsonl", place=one.uri)


def _head(one: Input, environ: Mapping[str, str]) -> bytes:
    with open_text(one, 0, environ) as text:
        return header_of(text, place=one.uri)


def _csv(one: Input, block: bytes) -> pl.LazyFrame:
    separator = "\t" if one.format == "tsv" else ","
    return pl.scan_csv(BytesIO(block), separator=separator, infer_schema=False)


def _known(one: Input, size: int, environ: Mapping[str, str]) -> pl.Schema:
    """The columns of the first chunk."""
    with closing(_pieces(one, 0, size, environ)) as pieces:
        block, _ = next(pieces)
    return _jsonl(block, None).collect_schema()


def _jsonl(block: bytes, known: pl.Schema | None) -> pl.LazyFrame:
    rows = pl.scan_ndjson(BytesIO(block), infer_schema_length=None)
    if known is None:
        return rows
    # JSON leaves out what is null: a chunk may lack what others have.
    have = rows.collect_schema()
    absent: dict[str, Any] = {name: pl.lit(None) for name in known if name not in have}
    return rows.with_columns(**absent) if absent else rows
