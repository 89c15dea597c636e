"""Small and plain CSV, read without polars, which a server of linear models need not load.

What is not plain is left to `csv_rows`, which reads it or says what is wrong with it, and so are
columns of types that only polars reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keepfit.data.types.cells import Reader, Unreadable, reader_of
from keepfit.serve.door.plain_cells import cells_of
from keepfit.serve.door.problems import BadRequest, Problems
from keepfit.serve.door.rows import Rows
from keepfit.serve.door.schema import InputSchema

Wanted = Sequence[tuple[int, Reader]]  # a field: where its column stands, and how to read it


class PlainCsv:
    """Reads plain CSV into rows of one schema."""

    def __init__(self, schema: InputSchema) -> None:
        self.schema = schema
        readers = [reader_of(field.dtype) for field in schema.fields]
        self._readers = [reader for reader in readers if reader]
        self._able = len(self._readers) == len(readers)
        self._bounded = [(n, field) for n, field in enumerate(schema.fields) if field.ranged]

    def read(self, body: bytes, *, header: bool) -> Rows | None:
        """The rows, or None where that is not for this reader to say; BadRequest with all that is
        wrong with them."""
        lines = cells_of(body) if self._able else None
        if lines is None:
            return None
        names = lines.pop(0) if header else list(self.schema.names)
        if len(set(names)) != len(names) or "" in names or (lines and len(lines[0]) != len(names)):
            return None
        problems = Problems()
        problems.header(self.schema, names)
        problems.raise_if_any()
        wanted = [
            (names.index(name), reader)
            for name, reader in zip(self.schema.names, self._readers, strict=True)
        ]
        return Rows(self._values(lines, wanted), self._keys(names, lines))

    def _values(self, lines: list[list[str]], wanted: Wanted) -> list[tuple[Any, ...]]:
        try:
            values: list[tuple[Any, ...]] = [
                tuple([read(line[place]) if line[place] else None for place, read in wanted])
                for line in lines
            ]
        except Unreadable:
            raise self._refusal(lines, wanted) from None
        for place, field in self._bounded:
            if not all(row[place] is None or field.allows(row[place]) for row in values):
                raise self._refusal(lines, wanted)
        return values

    def _refusal(self, lines: list[list[str]], wanted: Wanted) -> BadRequest:
        """With each cell that is none of its column's, by row and column."""
        problems = Problems()
        for row, line in enumerate(lines, 1):
            for field, (place, read) in zip(self.schema.fields, wanted, strict=True):
                value: Any = line[place] or None
                try:
                    value = value and read(value)
                    fine = value is None or not field.ranged or field.allows(value)
                except Unreadable:
                    fine = False
                if not fine and not problems.full:
                    problems.add(field, row, value)
        return BadRequest(problems.found, more=problems.full)

    def _keys(self, names: list[str], lines: list[list[str]]) -> Sequence[tuple[Any, ...]]:
        carried = self.schema.carried
        if not carried or not set(carried) <= set(names):
            return ()
        places = [names.index(name) for name in carried]
        return [tuple(line[place] or None for place in places) for line in lines]
