"""What a table looks like, as far as a proposal needs to know it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from keepfit.data.files import read
from keepfit.data.files.sources import format_of
from keepfit.data.types import dtypes
from keepfit.errors import UserError
from keepfit.records.rows import Part

Nature = Literal["number", "text", "boolean", "moment", "empty", "other"]

SAMPLE = 20_000  # rows that are looked at one by one; all else is counted over the whole file
EXACT = 200_000  # up to so many rows distinct values are counted, above it they are estimated

_RENAMED = re.compile(r"(.*)_duplicated_\d+")  # what polars makes of a name that comes twice


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one column, from the whole table."""

    name: str
    dtype: pl.DataType
    nulls: int
    distinct: int  # values that are not null; estimated above EXACT rows
    least: Any  # of numbers and moments; None where all are null
    greatest: Any

    @property
    def nature(self) -> Nature:
        """What a model could make of it."""
        return nature_of(self.dtype)

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers by type."""
        return self.dtype.is_integer()


@dataclass(frozen=True, slots=True)
class Look:
    """A table, and what is known of its columns in their order."""

    path: Path
    scan: pl.LazyFrame
    sample: pl.DataFrame  # the first SAMPLE rows
    rows: int
    columns: dict[str, Facts]

    def of(self, *natures: Nature) -> list[Facts]:
        """The columns of these natures, in the order of the table."""
        return [facts for facts in self.columns.values() if facts.nature in natures]


def look_at(path: Path) -> Look:
    """The look of a CSV, JSON lines or Parquet file; UserError or SourceError if there is none."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"{path} {what}; expected a CSV, JSON lines or Parquet file")
    format_, compression = format_of(path.name)
    if format_ in ("csv", "tsv"):
        _refuse_odd_header(path, "\t" if format_ == "tsv" else ",")
    part = _part(path, format_, compression)
    if len(part.columns) < 2:
        raise UserError(
            f"{path} has only the column `{part.columns[0].name}`; expected a target and features"
        )
    if not part.rows:
        raise UserError(
            f"{path} has {len(part.columns)} columns and no rows; expected rows to learn from"
        )
    scan = read.scan(part, path, dtypes.schema_of(part.columns))
    with read.reading(str(path)):
        sample = scan.head(SAMPLE).collect()
        return Look(path, scan, sample, part.rows, _count(scan, part.rows))


def nature_of(dtype: pl.DataType) -> Nature:
    """What a model could make of a column of that type."""
    family = dtypes.family(dtype)
    if family in ("date", "datetime"):
        return "moment"
    known: dict[str, Nature] = {
        "number": "number",
        "text": "text",
        "boolean": "boolean",
        "empty": "empty",
    }
    return known.get(family, "other")


def _part(path: Path, format_: str, compression: str) -> Part:
    unread = Part(
        source="rows",
        uri=str(path),
        digest="",
        size=path.stat().st_size,
        format=format_,
        compression=compression,
        rows=0,
        columns=(),
    )
    return read.describe(unread, path)


def _refuse_odd_header(path: Path, separator: str) -> None:
    with read.reading(str(path)):
        header = pl.scan_csv(path, infer_schema=False, separator=separator, glob=False)
        names = header.collect_schema().names()
    originals = {match[1] for name in names if (match := _RENAMED.fullmatch(name))}
    if twice := sorted(originals & set(names)):
        raise UserError(
            f"{path} has several columns called `{twice[0]}`; expected one of each name"
        )
    marks = [mark for mark in ";\t|," if mark in names[0]]
    if len(names) == 1 and marks:
        raise UserError(
            f"{path} separates its columns by {marks[0]!r}; expected {separator!r}",
            hint=f'write it again: python -c "import polars as pl; '
            f"pl.read_csv('{path.name}', separator={marks[0]!r})"
            f".write_csv('{path.stem}-commas.csv')\"",
        )


def _count(scan: pl.LazyFrame, rows: int) -> dict[str, Facts]:
    schema = scan.collect_schema()
    asked: list[pl.Expr] = []
    for place, (name, dtype) in enumerate(schema.items()):
        asked += _questions(place, pl.col(name), nature_of(dtype), exact=rows <= EXACT)
    answers = scan.select(asked).collect(engine="streaming").row(0, named=True)
    return {
        name: Facts(
            name,
            dtype,
            nulls=answers[f"{place} nulls"],
            distinct=answers.get(f"{place} distinct", 0),
            least=answers.get(f"{place} least"),
            greatest=answers.get(f"{place} greatest"),
        )
        for place, (name, dtype) in enumerate(schema.items())
    }


def _questions(place: int, column: pl.Expr, nature: Nature, *, exact: bool) -> Iterable[pl.Expr]:
    known = column.drop_nulls()
    yield column.null_count().alias(f"{place} nulls")
    if nature not in ("other", "empty"):
        yield (known.n_unique() if exact else known.approx_n_unique()).alias(f"{place} distinct")
    if nature in ("number", "moment"):
        yield column.min().alias(f"{place} least")
        yield column.max().alias(f"{place} greatest")
