"""Small and plain CSV, read without polars, which a server of linear models need not load.

Whatever is not plain (quotes, blank lines, another width, a cell that cannot be read) is left to
`csv_rows`, which reads it or says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keepfit.data.cells import Reader, Unreadable, reader_of
from keepfit.serve.door.rows import Rows
from keepfit.serve.door.schema import InputSchema

MOST = 64 * 1024  # bytes; more is quicker with polars
_BOM = "\ufeff"


class PlainCsv:
    """Reads plain CSV into rows of one schema."""

    def __init__(self, schema: InputSchema) -> None:
        self.schema = schema
        readers = [reader_of(field.dtype) for field in schema.fields]
        self._readers = [reader for reader in readers if reader]
        self._able = len(self._readers) == len(readers)
        self._bounded = [(n, field) for n, field in enumerate(schema.fields) if field.ranged]

    def read(self, body: bytes, *, header: bool) -> Rows | None:
        """The rows; None where that is not for this reader to say."""
        if not self._able or len(body) > MOST or b'"' in body:
            return None
        try:
            lines = _lines(body.decode())
            return self._rows(lines, header=header) if lines else None
        except (UnicodeDecodeError, Unreadable):
            return None

    def _rows(self, lines: list[str], *, header: bool) -> Rows | None:
        cells = [line.split(",") for line in lines]
        names = cells.pop(0) if header else list(self.schema.names)
        places = _places(names, self.schema)
        if places is None or any(len(row) != len(names) for row in cells):
            return None
        wanted = list(zip(places, self._readers, strict=True))
        values = [_values(row, wanted) for row in cells]
        for place, field in self._bounded:
            if not all(row[place] is None or field.allows(row[place]) for row in values):
                return None
        return Rows(values, self._keys(names, cells))

    def _keys(self, names: list[str], cells: list[list[str]]) -> Sequence[tuple[Any, ...]]:
        carried = self.schema.carried
        if not carried or not set(carried) <= set(names):
            return ()
        places = [names.index(name) for name in carried]
        return [tuple(row[place] or None for place in places) for row in cells]


def _lines(text: str) -> list[str] | None:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    lines = [line.removesuffix("\r") for line in lines]
    odd = text.startswith(_BOM) or any(not line or "\r" in line for line in lines)
    return None if odd else lines


def _places(names: list[str], schema: InputSchema) -> list[int] | None:
    """Where each column of the schema stands; None where one lacks, or is there twice."""
    if len(set(names)) != len(names) or not set(schema.names) <= set(names) <= schema.known:
        return None
    return [names.index(name) for name in schema.names]


def _values(row: list[str], wanted: Sequence[tuple[int, Reader]]) -> tuple[Any, ...]:
    return tuple([read(row[place]) if row[place] else None for place, read in wanted])
