"""Files of predictions: first the bytes of a chunk, then the whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any, Final

import polars as pl

from keepfit.data.types import dtypes
from keepfit.lifecycle.batch.answers import VERSION

_ROW_GROUP = 122_880  # rows; fixed, so that the same predictions make the same bytes
_STATISTICS = {"min": False, "max": False, "distinct_count": False, "null_count": True}
# of a chunk; the files of Arrow would be mapped to memory as a whole when they are joined
_PART: Final[dict[str, Any]] = {
    "compression": "uncompressed",
    "row_group_size": _ROW_GROUP,
    "statistics": False,
}
_BLOCK = 1 << 20
_OFTEN = 0.2  # seconds between two flushes of a file that grows

SINKS: dict[str, Callable[[pl.LazyFrame, Path], object]] = {
    "csv": lambda rows, path: _flat(rows).sink_csv(path),
    "tsv": lambda rows, path: _flat(rows).sink_csv(path, separator="\t"),
    "jsonl": lambda rows, path: rows.sink_ndjson(path),
    # the fastest level: predictions hardly shrink, whatever is tried; and nobody looks for the
    # least and largest of them, which would take a tenth of the time
    "parquet": lambda rows, path: rows.sink_parquet(
        path, compression_level=1, row_group_size=_ROW_GROUP, statistics=_STATISTICS
    ),
}
_TEXTS: dict[str, Callable[[pl.DataFrame, BytesIO, bool], object]] = {
    "csv": lambda rows, file, header: rows.write_csv(file, include_header=header),
    "tsv": lambda rows, file, header: rows.write_csv(file, include_header=header, separator="\t"),
    "jsonl": lambda rows, file, _: rows.write_ndjson(file),
}


def chunk_bytes(rows: pl.DataFrame, kind: str, version: str, *, header: bool) -> memoryview:
    """The rows as they stand in a file, at its beginning (`header`) or further on.

    For Parquet, what the file is made of once all chunks are there.
    """
    file = BytesIO()
    if write := _TEXTS.get(kind):
        write(_versioned(rows.lazy(), version).collect(), file, header)
    else:
        rows.write_parquet(file, **_PART)
    return file.getbuffer()


def stream_chunk(rows: pl.LazyFrame, kind: str, version: str, path: Path, *, header: bool) -> None:
    """The file of a chunk, of rows that are never all in memory."""
    if kind == "parquet":
        rows.sink_parquet(path, **_PART)
    elif kind == "jsonl":
        _versioned(rows, version).sink_ndjson(path)
    else:
        separator = "\t" if kind == "tsv" else ","
        _versioned(rows, version).sink_csv(path, include_header=header, separator=separator)


def rejects_bytes(rows: pl.DataFrame) -> memoryview:
    """The rejected rows of a chunk, for `write_rejects`."""
    file = BytesIO()
    rows.write_ipc(file)
    return file.getbuffer()


def write_whole(rows: pl.LazyFrame, kind: str, version: str, path: Path) -> None:
    """A file of predictions from rows that are all there is."""
    with _flushed(path):
        SINKS[kind](_versioned(rows, version), path)


def join_chunks(chunks: Sequence[Path], kind: str, version: str, path: Path) -> None:
    """The same file from the bytes of its chunks."""
    with _flushed(path):
        if kind in _TEXTS:
            _append(chunks, path)
        else:
            SINKS[kind](_versioned(_together(chunks), version), path)


def write_rejects(frames: Sequence[pl.LazyFrame], kind: str, path: Path) -> None:
    """The rejected rows of all chunks; a column that some lack is null there."""
    rows = pl.concat(_alike(frames), how="diagonal")
    SINKS[kind](rows.select(pl.exclude("reason"), "reason"), path)
    flush(path)


def flush(path: Path) -> None:
    """Down to the disk: a rename may get there before what it names."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _flushed(path: Path) -> Iterator[None]:
    """What is written to the file within is on the disk after it, and most of it long before."""
    over = Event()
    with ThreadPoolExecutor(1) as thread:
        early = thread.submit(_flush_often, path, over)
        try:
            yield
        finally:
            over.set()
        early.result()  # a disk tells of what it lost once: to whoever flushes next
    flush(path)


def _flush_often(path: Path, over: Event) -> None:
    while not over.wait(_OFTEN):
        if path.exists():
            flush(path)


def _versioned(rows: pl.LazyFrame, version: str) -> pl.LazyFrame:
    return rows.with_columns(pl.lit(version).alias(VERSION))


def _append(chunks: Sequence[Path], path: Path) -> None:
    with path.open("wb") as whole:
        for chunk in chunks:
            with chunk.open("rb") as part:
                shutil.copyfileobj(part, whole, _BLOCK)


def _part(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


def _together(chunks: Sequence[Path]) -> pl.LazyFrame:
    return pl.concat(_alike([_part(chunk) for chunk in chunks]))


def _alike(frames: Sequence[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """The same rows; a column of several types comes in one that holds the values of all."""
    schemas = [frame.collect_schema() for frame in frames]
    types: dict[str, dict[pl.DataType, None]] = {}
    for schema in schemas:
        for name, dtype in schema.items():
            types.setdefault(name, {})[dtype] = None
    several = {name: dtypes.common(found) for name, found in types.items() if len(found) > 1}
    return [
        frame.with_columns(
            pl.col(name).cast(dtype) if dtype else _text(name, schema[name])
            for name, dtype in several.items()
            if name in schema
        )
        for frame, schema in zip(frames, schemas, strict=True)
    ]


def _flat(rows: pl.LazyFrame) -> pl.LazyFrame:
    """CSV has no cells within cells: those come as JSON."""
    nested = {n: dtype for n, dtype in rows.collect_schema().items() if dtype.is_nested()}
    return rows.with_columns(_text(name, dtype) for name, dtype in nested.items())


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    if not dtype.is_nested():
        return pl.col(name).cast(pl.String)
    packed = pl.struct(name).struct.json_encode()
    return packed.str.strip_prefix(f'{{"{name}":').str.strip_suffix("}").alias(name)
