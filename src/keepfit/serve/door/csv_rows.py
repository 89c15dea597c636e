"""Rows as CSV: by the names of a header row, or by place where the request says it has none.

Whether there is a header is never guessed: a header may look like data, and data like a header.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from keepfit.data.files.read import in_short
from keepfit.data.types import dtypes
from keepfit.data.types.conform import REASON, conform
from keepfit.records.rows import Column
from keepfit.serve.door.plain_cells import cells_of
from keepfit.serve.door.problems import MOST, BadRequest, Problems, shown
from keepfit.serve.door.rows import Rows
from keepfit.serve.door.schema import Field, InputSchema

_ROW = "__row"


def read_csv(schema: InputSchema, body: bytes, *, header: bool) -> Rows:
    """The rows of a CSV body; BadRequest with all that is wrong with it."""
    return conformed(schema, _named(schema, _cells(schema, body, header=header), header=header))


def conformed(schema: InputSchema, rows: pl.DataFrame) -> Rows:
    """The rows in the schema's columns and types; BadRequest for what cannot be read so."""
    columns = [Column(name=field.name, dtype=field.dtype) for field in schema.fields]
    lazy = conform(rows, columns, schema.bounds).with_row_index(_ROW, offset=1)
    # each run of the streaming engine leaves some bytes behind that nobody can free
    told = lazy.collect(engine="in-memory")
    if told[REASON].null_count() < told.height:
        _refuse(schema, rows, told.filter(pl.col(REASON).is_not_null()).head(MOST))
    keys = rows.select(schema.carried).rows() if set(schema.carried) <= set(rows.columns) else ()
    return Rows(keys=keys if schema.carried else (), frame=told.select(schema.names))


def _cells(schema: InputSchema, body: bytes, *, header: bool) -> pl.DataFrame:
    """Numbers as such where each of their cells is one, and every other cell as text."""
    if not body.strip():
        return pl.DataFrame()
    if (lines := cells_of(body)) and (rows := _plain(lines, header=header)) is not None:
        return rows
    try:
        body.decode("utf-8")
        try:
            numbers = {} if _ends_open(body) else _numbers(schema, header=header)
            return _read(body, header, numbers)
        except PolarsError:
            return _read(body, header, {})
    except UnicodeDecodeError as error:
        raise BadRequest.saying(f"the body is no UTF-8 text: byte {error.start:,}") from error
    except (PolarsError, PanicException) as error:
        told = f"the body is no table of CSV: {in_short(error)}"
        raise BadRequest.saying(told) from error


def _plain(lines: list[list[str]], *, header: bool) -> pl.DataFrame | None:
    """Cells of text as polars would read them; None where it would give the columns other names."""
    names = lines.pop(0) if header else [*map(str, range(len(lines[0])))]
    if len(set(names)) != len(names) or "" in names:
        return None
    columns = list(zip(*lines, strict=True)) or [()] * len(names)
    cells = [[cell or None for cell in column] for column in columns]
    return pl.DataFrame(dict(zip(names, cells, strict=True)), dict.fromkeys(names, pl.String))


def _read(body: bytes, header: bool, numbers: Any) -> pl.DataFrame:  # noqa: FBT001
    # as bytes: of each BytesIO polars leaves thrice as much behind
    return pl.read_csv(body, has_header=header, infer_schema=False, schema_overrides=numbers)


def _ends_open(body: bytes) -> bool:
    """Whether the last cell is a quote alone: polars panics where that should be a number."""
    end = body.rstrip()
    return end.endswith(b'"') and end[-2:-1] in b",\r\n"


def _numbers(schema: InputSchema, *, header: bool) -> dict[str, pl.DataType] | list[pl.DataType]:
    """The types of the columns of numbers, by name; without names a type for each place."""
    numbers = {
        field.name: dtypes.parse(field.dtype) for field in schema.fields if field.family == "number"
    }
    # how polars calls columns without names depends on its release
    return numbers if header else [numbers.get(name, pl.String()) for name in schema.names]


def _named(schema: InputSchema, rows: pl.DataFrame, *, header: bool) -> pl.DataFrame:
    problems = Problems()
    if not header and rows.width:
        if rows.width != len(schema.fields):
            raise BadRequest.saying(
                f"the rows have {rows.width} values; expected {len(schema.fields)}, without a "
                f"header: {', '.join(schema.names)}"
            )
        rows.columns = list(schema.names)
    elif not header:
        return pl.DataFrame(schema=dict.fromkeys(schema.names, pl.String))
    problems.header(schema, rows.columns)
    problems.raise_if_any()
    return rows


def _refuse(schema: InputSchema, rows: pl.DataFrame, bad: pl.DataFrame) -> None:
    """BadRequest with each value that is none of its column's, by row and column."""
    problems = Problems()
    came = rows[[int(row) - 1 for row in bad[_ROW]]]
    for texts, read in zip(came.iter_rows(named=True), bad.iter_rows(named=True), strict=True):
        for field in schema.fields:
            value, text = read[field.name], texts[field.name]
            blank = text is None or (isinstance(text, str) and not text.strip())
            fine = blank if value is None else not field.ranged or field.allows(value)
            if not fine and not problems.full:
                problems.add(field, int(read[_ROW]), text if value is None else value)
    problems.raise_if_any()


def frame_of(schema: InputSchema, given: Rows) -> pl.DataFrame:
    """The rows as a frame in the schema's types; BadRequest for a date that cannot be read."""
    if given.frame is not None:
        return given.frame
    columns = given.columns or list(zip(*given.values, strict=True)) or [()] * len(schema.fields)
    made = [_series(field, column) for field, column in zip(schema.fields, columns, strict=True)]
    rows = pl.DataFrame(made)
    if all(field.dtype == str(one.dtype) for field, one in zip(schema.fields, made, strict=True)):
        return rows
    frame = conformed(schema, rows).frame
    return rows if frame is None else frame


def _series(field: Field, column: Sequence[object]) -> pl.Series:
    text = field.family in ("text", "date", "datetime")
    dtype = pl.String() if text else dtypes.parse(field.dtype)
    try:
        return pl.Series(field.name, column, dtype=dtype)
    except (TypeError, OverflowError, PolarsError) as error:
        told = f"column `{field.name}`: expected {field.words}: {shown(str(error))}"
        raise BadRequest.saying(told) from error
