"""What the heads of a model's files tell of its columns, before a single row is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from keepfit.config.lines import dotted
from keepfit.config.schema.model import ModelSpec
from keepfit.data.columns.expressions import columns_of, refuse_unknown
from keepfit.data.columns.texts import problems
from keepfit.data.files.read import reading
from keepfit.data.files.rows import refuse_other_columns
from keepfit.data.files.sources import Found, find
from keepfit.data.make import named_columns, no_column
from keepfit.data.splitting import slices
from keepfit.errors import UserError
from keepfit.records.rows import Column, Part


def header_problems(spec: ModelSpec, root: Path) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of each column that the file names and the rows will not have, and of
    how texts are cleaned.

    Columns only where that can be told from names: not with a query, a transform, JSON lines, or
    sources elsewhere. SourceError for a file that cannot be read, UserError if files disagree.
    """
    yield from ((dotted(("data", "text", *keys)), told) for keys, told in problems(spec.data.text))
    source = next(iter(spec.data.sources))
    heads = [_head(one) for one in find(source, spec.data.sources[source], root) if _tells(one)]
    for head in heads[1:]:
        refuse_other_columns(heads[0], head)
    if heads and spec.data.query is None and spec.data.transform is None:
        there = [column.name for column in heads[0].columns]
        yield from _not_among([*there, *spec.data.derive], spec)
        yield from _not_read(there, spec)


def _not_among(columns: Sequence[str], spec: ModelSpec) -> Iterator[tuple[str, str]]:
    for place, name in named_columns(spec):
        if name not in columns:
            yield place, no_column(name, columns)
    for i, written in enumerate(spec.gate.slices):
        if wrong := slices.problem(written, columns):
            yield f"gate.slices[{i}]", wrong


def _not_read(there: Sequence[str], spec: ModelSpec) -> Iterator[tuple[str, str]]:
    """What SQL asks for that is not there: a derived column may use those before it, a clean rule
    all of them."""
    known = [*there]
    for name, sql in spec.data.derive.items():
        yield from _unknown(dotted(("data", "derive", name)), sql, known)
        known.append(name)
    for name, sql in spec.data.clean.items():
        yield from _unknown(dotted(("data", "clean", name)), sql, known)


def _unknown(place: str, sql: str, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    try:
        refuse_unknown(place, f'"{sql}"', columns_of(place, sql), known)
    except UserError as error:
        yield place, str(error).removeprefix(f"{place} ")


def _tells(found: Found) -> bool:
    # Columns of JSON lines are known only once the last line was read.
    return found.path is not None and found.format in {"csv", "tsv", "parquet"}


def _head(found: Found) -> Part:
    """The part, as far as its first lines or its footer tell."""
    with reading(found.uri):
        names = _scan(found).collect_schema().names()
    return Part(
        source=found.source,
        uri=found.uri,
        digest="",
        size=found.size,
        format=found.format,
        compression=found.compression,
        rows=0,
        columns=tuple(Column(name=name, dtype="") for name in names),
    )


def _scan(found: Found) -> pl.LazyFrame:
    path = found.path or Path(found.uri)
    if found.format == "parquet":
        return pl.scan_parquet(path, hive_partitioning=False, glob=False)
    separator = "\t" if found.format == "tsv" else ","
    return pl.scan_csv(path, separator=separator, infer_schema=False, glob=False)
