"""The rows of a snapshot, before anything is done to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from keepfit.config.schema.rows import Data
from keepfit.data.files.read import in_short, scan
from keepfit.data.files.sources import HOLDOUT
from keepfit.data.types import dtypes
from keepfit.data.types.casts import moment
from keepfit.digest import Digest
from keepfit.errors import UserError, guess
from keepfit.records.rows import Column, Part, Snapshot

PathOf = Callable[[Digest], Path]


def rows_of(snapshot: Snapshot, data: Data, path: PathOf) -> pl.LazyFrame:
    """The rows, of all parts in a fixed order, within the snapshot's time, the query applied.

    With a query, the time bounds apply to every source that has the time column. UserError if
    files of a source disagree about their columns, or if the query cannot be understood.
    """
    if data.query is None:
        return rows_of_source(snapshot, next(iter(data.sources)), data, path)
    frames = {name: rows_of_source(snapshot, name, data, path) for name in data.sources}
    return _query(frames, data.query)


def rows_of_source(snapshot: Snapshot, source: str, data: Data, path: PathOf) -> pl.LazyFrame:
    """The rows of one source within the snapshot's time; UserError if its files disagree."""
    return pl.concat(parts_of_source(snapshot, source, data, path), how="vertical")


def parts_of_source(
    snapshot: Snapshot, source: str, data: Data, path: PathOf
) -> list[pl.LazyFrame]:
    """The rows of each file of a source, as `rows_of_source` has them below each other."""
    parts = [part for part in snapshot.parts if part.source == source]
    if not parts:
        raise UserError(f"the snapshot {snapshot.digest[:12]} has no source `{source}`")
    want = common_columns(parts)
    since = None if source == HOLDOUT else snapshot.since
    return [
        _within(scan(part, path(part.digest), want), want, data.time, since, snapshot.until)
        for part in parts
    ]


def common_columns(parts: Sequence[Part]) -> dict[str, pl.DataType]:
    """The columns of the first part, in types that hold the values of all.

    UserError naming the file whose columns are others, or whose type for one does not fit.
    """
    first = parts[0]
    for part in parts[1:]:
        refuse_other_columns(first, part)
    schemas = [dtypes.schema_of(part.columns) for part in parts]
    return {name: _common_type(name, parts, schemas) for name in schemas[0]}


def refuse_other_columns(first: Part, part: Part) -> None:
    """UserError naming what the part's columns lack or have beyond those of the first."""
    names, known = _names(part.columns), _names(first.columns)
    missing = [name for name in known if name not in names]
    extra = [name for name in names if name not in known]
    if not missing and not extra:
        return
    told = [f"`{name}` is missing" for name in missing]
    told += [f"`{name}` is extra.{guess(name, missing)}" for name in extra]
    raise UserError(
        f"{part.uri} has other columns than {first.uri}: {', '.join(told)}",
        hint="correct the file, or name the files that belong together in data.source",
    )


def _common_type(
    name: str, parts: Sequence[Part], schemas: Sequence[Mapping[str, pl.DataType]]
) -> pl.DataType:
    found = [schema[name] for schema in schemas]
    if dtype := dtypes.common(found):
        return dtype
    told = dict(zip(map(dtypes.in_words, reversed(found)), reversed(parts), strict=True))
    raise UserError(
        f"the column `{name}` differs between files: "
        + ", ".join(f"{words} in {part.uri}" for words, part in told.items()),
        hint=f'correct the file, or say data.types = {{ {name} = "text" }}',
    )


def _within(
    rows: pl.LazyFrame,
    schema: Mapping[str, pl.DataType],
    time: str | None,
    since: str | None,
    until: str | None,
) -> pl.LazyFrame:
    if time is None or time not in schema or not (since or until):
        return rows
    when = moment(time, schema[time])
    if since:
        rows = rows.filter((when >= datetime.fromisoformat(since)) | when.is_null())
    if until:
        rows = rows.filter(when < datetime.fromisoformat(until))
    return rows


def _query(frames: Mapping[str, pl.LazyFrame], query: str) -> pl.LazyFrame:
    try:
        rows = pl.SQLContext(frames, eager=False).execute(query)
        rows.collect_schema()
    except PolarsError as error:
        sources = "; ".join(
            f"{name} has {', '.join(frame.collect_schema())}" for name, frame in frames.items()
        )
        raise UserError(
            f"data.query cannot be understood: {in_short(error)}", hint=f"sources: {sources}"
        ) from error
    return rows


def _names(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns]
