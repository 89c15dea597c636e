"""Rows as JSON: one object, a list of records, a table of columns, or a line a record.

What is right goes through typed decoders, at the speed of the parser. Only what they refuse is
looked at again, value by value, to say in words what is wrong with it, or to let in what is right
after all (3.0 as a whole number).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Annotated, Any, cast

import msgspec

from keepfit.data.types.cells import as_single
from keepfit.serve.door.problems import BadRequest, Problem, Problems, shown
from keepfit.serve.door.rows import MANY, Rows
from keepfit.serve.door.schema import Family, Field, InputSchema

_TYPES: dict[Family, Any] = {
    "number": float | None,
    "text": str | None,
    "boolean": bool | None,
    "date": str | None,
    "datetime": str | None,
    "other": Any,
}


class _Outside(Exception):
    """A value is beyond a bound that the decoders do not know."""


_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _Outside)
_INT64 = 2**63  # beyond it the decoder knows no bounds
_EXPECTED = (
    "expected one object, a list of objects, or an object of columns: "
    '{"column": value, …}, [{…}, …] or {"column": [value, …], …}'
)


class JsonDoor:
    """Reads JSON into rows of one schema; BadRequest with all that is wrong with it."""

    def __init__(self, schema: InputSchema) -> None:
        self.schema = schema
        names = [f"f{n}" for n in range(len(schema.fields))]
        keys = [f"k{n}" for n in range(len(schema.carried))]
        row = msgspec.defstruct(
            "Row",
            [
                *((name, _type(f)) for name, f in zip(names, schema.fields, strict=True)),
                *((key, Any, None) for key in keys),
            ],
            rename=dict(zip([*names, *keys], [*schema.names, *schema.carried], strict=True)),
            forbid_unknown_fields=True,
            gc=False,
        )
        table = msgspec.defstruct(
            "Table",
            [(name, list[_type(f)]) for name, f in zip(names, schema.fields, strict=True)],  # type: ignore[misc]
            rename=dict(zip(names, schema.names, strict=True)),
            forbid_unknown_fields=True,
        )
        self._one = msgspec.json.Decoder(row)
        self._table = msgspec.json.Decoder(table)
        self._many = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self._any = msgspec.json.Decoder()
        self._values = _getter(names)
        self._fields = [attrgetter(name) for name in names]
        self._keys = _getter(keys) if keys else None
        self._bounded = [(n, f) for n, f in enumerate(schema.fields) if _needs_a_look(f)]
        self._narrow = [n for n, f in enumerate(schema.fields) if f.dtype == "Float32"]

    def read(self, body: bytes) -> Rows:
        """The rows of a JSON body."""
        try:
            if body.lstrip()[:1] == b"[":
                return self._checked(self._taken(self._many.decode(body)))
            return self._checked(self._taken([self._one.decode(body)], single=True))
        except _REFUSED:
            return self._several(body)

    def read_lines(self, body: bytes) -> Rows:
        """The rows of a body with a JSON object a line; empty lines count for nothing."""
        try:
            return self._checked(self._taken(self._one.decode_lines(body)))
        except _REFUSED:
            lines = [(n, line) for n, line in enumerate(body.splitlines(), 1) if line.strip()]
            return self._records([self._decoded(line, n) for n, line in lines])

    def _several(self, body: bytes) -> Rows:
        try:
            columns = self._values(self._table.decode(body))
            [length] = set(map(len, columns))
            many = length >= MANY
            return self._checked(
                Rows(columns=columns) if many else Rows(list(zip(*columns, strict=True)))
            )
        except (*_REFUSED, ValueError):  # of columns that differ in length
            return self._closer(self._decoded(body))

    def _taken(self, found: Sequence[Any], *, single: bool = False) -> Rows:
        keys = [self._keys(row) for row in found] if self._keys else ()
        if len(found) < MANY:
            return Rows([self._values(row) for row in found], keys, single)
        return Rows(keys=keys, columns=[list(map(of, found)) for of in self._fields])

    def _checked(self, rows: Rows) -> Rows:
        """The rows, if what the decoder could not look at is right, too."""
        for place, field in self._bounded:
            column = rows.columns[place] if rows.columns else [row[place] for row in rows.values]
            if not all(value is None or field.allows(value) for value in column):
                raise _Outside
        # a frame rounds to single precision by itself
        if self._narrow and rows.few:
            rows.values = [self._narrowed(row) for row in rows.values]
        return rows

    def _narrowed(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row with numbers as the columns of single precision hold them."""
        values = list(row)
        for place in self._narrow:
            if values[place] is not None:
                values[place] = as_single(values[place])
        return tuple(values)

    def _decoded(self, body: bytes, line: int | None = None) -> Any:
        place = f"line {line}: " if line else ""
        try:
            return self._any.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            told = f"{place}the body is no JSON ({error}); {_EXPECTED}"
        except RecursionError:
            told = f"{place}the body is nested too deep; {_EXPECTED}"
        raise BadRequest.saying(told)

    def _closer(self, body: Any) -> Rows:
        if isinstance(body, list):
            return self._records(body)
        if not isinstance(body, dict):
            raise BadRequest.saying(f"the body is {shown(body)}; {_EXPECTED}")
        if body and all(isinstance(value, list) for value in body.values()):
            return self._columns(body)
        return self._records([body], single=True)

    def _columns(self, table: Mapping[str, Sequence[Any]]) -> Rows:
        problems = Problems()
        problems.missing(self.schema, None, table)
        problems.raise_if_any()
        lengths = {name: len(column) for name, column in table.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"`{name}` has {length:,}" for name, length in lengths.items())
            raise BadRequest.saying(f"the columns differ in length: {told}")
        taken = [_column(field, table[field.name], problems) for field in self.schema.fields]
        problems.raise_if_any()
        carried = [table.get(name, ()) for name in self.schema.carried]
        keys = list(zip(*carried, strict=True)) if carried and all(carried) else ()
        return Rows(list(zip(*taken, strict=True)), keys)

    def _records(self, records: Sequence[Any], *, single: bool = False) -> Rows:
        problems, values, keys = Problems(), [], []
        for number, record in enumerate(records, 1):
            if problems.full:
                break
            if not isinstance(record, dict):
                told = f"is {shown(record)}; expected an object of columns"
                problems.found.append(Problem(row=number, expected=told))
                continue
            if record.keys() != set(self.schema.names):
                problems.missing(self.schema, number, record)
            read = [
                _value(field, record.get(field.name), number, problems)
                for field in self.schema.fields
            ]
            values.append(tuple(read))
            keys.append(tuple(record.get(name) for name in self.schema.carried))
        problems.raise_if_any()
        return Rows(values, keys if self.schema.carried else (), single)


def _type(field: Field) -> Any:
    if field.family != "whole":
        return _TYPES[field.family]
    if _unbounded(field):
        return int | None
    low, high = cast(float, field.low), cast(float, field.high)
    if field.ranged:
        return Annotated[int, msgspec.Meta(ge=-_INT64, le=_INT64 - 1)] | None
    return Annotated[int, msgspec.Meta(ge=int(low), le=int(high))] | None


def _unbounded(field: Field) -> bool:
    high = field.high if field.family == "whole" and not field.ranged else 0
    return high is not None and high >= _INT64


def _needs_a_look(field: Field) -> bool:
    """Whether the decoder does not know all bounds of the field."""
    return field.ranged or _unbounded(field) or field.dtype == "Float32"


def _getter(names: Sequence[str]) -> Any:
    # attrgetter of one name gives the value alone
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


def _column(field: Field, column: Sequence[Any], problems: Problems) -> Sequence[Any]:
    read = []
    for number, value in enumerate(column, 1):
        if problems.full:
            break
        read.append(_value(field, value, number, problems))
    return read


def _value(field: Field, value: Any, row: int, problems: Problems) -> Any:
    if value is None or problems.full:
        return None
    read = _as(field.family, value)
    if read is None or (field.family in ("number", "whole") and not field.allows(read)):
        problems.add(field, row, value)
        return None
    return as_single(read) if field.dtype == "Float32" else read


def _as(family: Family, value: Any) -> Any:
    """The value, if it is one of the family; else None."""
    match family:
        case "number":
            return _number(value)
        case "whole":
            return _whole(value)
        case "boolean":
            return value if isinstance(value, bool) else None
        case "text" | "date" | "datetime":
            return value if isinstance(value, str) else None
        case _:
            return value


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value)
