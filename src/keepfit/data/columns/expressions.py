"""SQL expressions of the file, understood or refused with the place, the SQL and a guess."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from keepfit.data.files.read import in_short
from keepfit.errors import UserError, guess


def parse(place: str, sql: str) -> pl.Expr:
    """The expression that `sql` writes; UserError if it writes none."""
    try:
        return pl.sql_expr(sql)
    except PolarsError as error:
        raise UserError(
            f'{place} is "{sql}", which is not understood: {in_short(error)}'
        ) from error


def columns_of(place: str, sql: str) -> list[str]:
    """The columns that the expression reads, each once, in order."""
    return list(dict.fromkeys(parse(place, sql).meta.root_names()))


def row_by_row(place: str, sql: str) -> bool:
    """Whether the expression surely gives a row the same value alone as among others.

    Only what is known to is: polars' own answer is of the outermost step alone.
    """
    return _of_one_row(json.loads(parse(place, sql).meta.serialize(format="json")))


_FUNCTIONS = {
    *("Abs", "Atan2", "Ceil", "Coalesce", "Exp", "FillNull", "Floor", "Log", "Log1p", "Sign"),
    *("MaxHorizontal", "MinHorizontal", "Pow", "Sql", "StringExpr", "TemporalExpr", "Trigonometry"),
}
_PARTS = {
    "BinaryExpr": ("left", "right"),
    "Cast": ("expr",),
    "Ternary": ("predicate", "truthy", "falsy"),
}
_CONDITIONS = {"IsNull", "IsNotNull", "IsFinite", "IsInfinite", "IsNan", "IsNotNan", "IsIn", "Not"}
_INFERS = {"Strptime", "ConcatVertical"}  # a format is guessed from the first row


def _of_one_row(node: Any) -> bool:
    if not isinstance(node, dict) or len(node) != 1:
        return False  # such as `Len`, which is of all rows
    ((step, parts),) = node.items()
    if step == "Function":
        return _is_of_one_row(parts["function"]) and all(map(_of_one_row, parts["input"]))
    if step == "Alias":
        return _of_one_row(parts[0])
    if step in _PARTS:
        return all(_of_one_row(parts[part]) for part in _PARTS[step])
    return step in {"Column", "Literal"}


def _is_of_one_row(function: Any) -> bool:
    if isinstance(function, str):
        return function in _FUNCTIONS
    ((family, which),) = function.items()
    name = which if isinstance(which, str) else next(iter(which))
    if family == "Boolean":
        return name in _CONDITIONS
    return family in _FUNCTIONS and name not in _INFERS


def expression(place: str, sql: str, rows: pl.LazyFrame) -> tuple[pl.Expr, pl.DataType]:
    """The expression over these rows and its type; UserError with a guess if they lack a column."""
    parsed = parse(place, sql)
    schema = rows.collect_schema()
    refuse_unknown(place, f'"{sql}"', columns_of(place, sql), schema)
    try:
        return parsed, next(iter(rows.select(parsed).collect_schema().values()))
    except PolarsError as error:
        raise UserError(f'{place} is "{sql}", which does not work: {in_short(error)}') from error


def refuse_unknown(place: str, told: str, names: Iterable[str], known: Iterable[str]) -> None:
    """UserError with a guess for the first name that is not known."""
    there = list(known)
    for name in names:
        if name not in there:
            raise UserError(
                f"{place} is {told}, but there is no column `{name}`.{guess(name, there)}"
            )
