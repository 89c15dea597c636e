"""Column types: as text in records, as people declare them, and how those of several files meet."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

import polars as pl

from keepfit.errors import UserError, guess
from keepfit.records.rows import Column

DECLARED: dict[str, pl.DataType] = {
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}


def declared(types: Mapping[str, str]) -> dict[str, pl.DataType]:
    """The types that `data.types` gives to columns; UserError with a guess."""
    for column, word in types.items():
        if word not in DECLARED:
            raise UserError(f"data.types.{column} is '{word}'.{guess(word, DECLARED)}")
    return {column: DECLARED[word] for column, word in types.items()}


def columns_of(schema: Mapping[str, pl.DataType]) -> tuple[Column, ...]:
    """The columns of a polars schema, as records."""
    return tuple(Column(name=name, dtype=str(dtype)) for name, dtype in schema.items())


def schema_of(columns: Iterable[Column]) -> dict[str, pl.DataType]:
    """The polars types of column records; the inverse of `columns_of`."""
    return {column.name: parse(column.dtype) for column in columns}


def parse(text: str) -> pl.DataType:
    """The type that polars prints as `text`; UserError if there is none."""
    try:
        return _build(ast.parse(text, mode="eval").body)
    except (SyntaxError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"`{text}` is not a column type that keepfit reads") from error


def family(dtype: pl.DataType) -> str:
    """number, text, boolean, date, datetime, empty, or the type's own name."""
    if dtype.is_numeric():
        return "number"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "text"
    names = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime", pl.Null: "empty"}
    return names.get(type(dtype), str(dtype))


def in_words(dtype: pl.DataType) -> str:
    """What a value of the type is: "a number", "a whole number", "a date"."""
    if dtype.is_integer():
        return "a whole number"
    words = {
        "number": "a number",
        "text": "text",
        "boolean": "true or false",
        "date": "a date such as 2013-05-31",
        "datetime": "a time such as 2013-05-31 14:00:00",
    }
    return words.get(family(dtype), str(dtype))


def common(dtypes: Iterable[pl.DataType]) -> pl.DataType | None:
    """The type that holds the values of all of them, or None: text and numbers don't mix."""
    kinds = list(dict.fromkeys(dtype for dtype in dtypes if dtype != pl.Null))
    families = {family(dtype) for dtype in kinds}
    if len(kinds) <= 1:
        return kinds[0] if kinds else pl.String()
    if families == {"number"}:
        return pl.Int64() if all(dtype.is_integer() for dtype in kinds) else pl.Float64()
    if families == {"text"}:
        return pl.String()
    if families <= {"date", "datetime"}:
        zoned = any(getattr(dtype, "time_zone", None) for dtype in kinds)
        return pl.Datetime("us", "UTC" if zoned else None)
    return None


def _build(node: ast.expr) -> pl.DataType:
    if isinstance(node, ast.Name):
        return _class(node.id)()
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise TypeError(ast.dump(node))
    named = {str(word.arg): _value(word.value) for word in node.keywords}
    return _class(node.func.id)(*map(_value, node.args), **named)


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.Name | ast.Call):
        return _build(node)
    if isinstance(node, ast.Dict):
        return {
            ast.literal_eval(k): _value(v) for k, v in zip(node.keys, node.values, strict=True) if k
        }
    return ast.literal_eval(node)


def _class(name: str) -> type[pl.DataType]:
    found = getattr(pl, name)
    if not (isinstance(found, type) and issubclass(found, pl.DataType)):
        raise TypeError(name)
    return found
