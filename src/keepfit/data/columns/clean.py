"""Named rules that take rows out of training, each counted and with examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from polars.exceptions import PolarsError

from keepfit.data.columns.expressions import columns_of, expression
from keepfit.data.files.read import in_short
from keepfit.errors import UserError
from keepfit.records.rows import Removal

_EXAMPLES = 3


def clean(
    rows: pl.DataFrame,
    rules: Mapping[str, str],
    *,
    show: Sequence[str] = (),
    where: str = "data.clean",
) -> tuple[pl.DataFrame, tuple[Removal, ...]]:
    """The rows for which every rule is true, and what each rule took of those the ones before left.

    A rule that is null for a row removes it. Examples tell the columns of the rule and of `show`.
    UserError for a rule that is no condition over these columns.
    """
    removals = []
    for name, condition in rules.items():
        place = f"{where}.{name}"
        good = _holds(place, condition, rows)
        bad = rows.filter(~good)
        told = [*(c for c in show if c in rows.columns), *columns_of(place, condition)]
        removals.append(removal(name, condition, bad.select(*dict.fromkeys(told))))
        rows = rows.filter(good)
    return rows, tuple(removals)


def _holds(place: str, condition: str, rows: pl.DataFrame) -> pl.Series:
    expr, dtype = expression(place, condition, rows.lazy())
    if dtype != pl.Boolean:
        raise UserError(
            f'{place} is "{condition}", which gives {dtype}; expected a condition, true or false'
        )
    try:
        return rows.select(pl.all(), expr.alias(_MARK))[_MARK].fill_null(False)
    except PolarsError as error:
        raise UserError(
            f'{place} is "{condition}", which does not work: {in_short(error)}'
        ) from error


_MARK = "__keepfit_holds"


def removal(name: str, condition: str, bad: pl.DataFrame) -> Removal:
    """What a rule took: how many rows, and examples that tell the columns of `bad`."""
    examples = tuple(
        {column: "null" if value is None else str(value) for column, value in row.items()}
        for row in bad.head(_EXAMPLES).iter_rows(named=True)
    )
    return Removal(rule=name, condition=condition, rows=bad.height, examples=examples)
