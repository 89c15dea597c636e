"""SQL expressions of the file, understood or refused with the place, the SQL and a guess."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from polars.exceptions import PolarsError

from keepfit.data.read import in_short
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
