"""Slices of the rows: the values of a column, or the rows for which a SQL condition is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
from polars.exceptions import PolarsError

from keepfit.data.files.read import in_short
from keepfit.errors import UserError, guess


def problem(written: str, columns: Iterable[str]) -> str | None:
    """What is wrong with a slice where the rows have these columns, as far as names tell."""
    known = list(columns)
    if written in known:
        return None
    try:
        names = pl.sql_expr(written).meta.root_names()
    except PolarsError as error:
        return f'is "{written}", which is neither a column nor a condition: {in_short(error)}'
    for name in names:
        if name == written:
            return f"is `{name}`, which is no column of the rows.{guess(name, known)}"
        if name not in known:
            return f'is "{written}", but there is no column `{name}`.{guess(name, known)}'
    return None


def type_problem(written: str, schema: Mapping[str, pl.DataType]) -> str | None:
    """What is wrong with a slice of rows of this schema, names and types."""
    if written in schema or (wrong := problem(written, schema)):
        return None if written in schema else wrong
    try:
        made = pl.DataFrame(schema=dict(schema)).select(pl.sql_expr(written)).schema
    except PolarsError as error:
        return f'is "{written}", which does not work: {in_short(error)}'
    (dtype,) = made.values()
    if dtype != pl.Boolean:
        return f'is "{written}", which gives {dtype}; expected a condition, true or false'
    return None


def where(written: str, rows: pl.DataFrame) -> pl.Series:
    """Of each row whether the condition is true, a null is not; UserError where a value breaks it.

    The condition is one in which `type_problem` finds nothing.
    """
    try:
        return rows.select(pl.sql_expr(written).fill_null(False)).to_series()
    except PolarsError as error:
        raise UserError(f'is "{written}", which does not work: {in_short(error)}') from error
