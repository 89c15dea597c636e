"""Derived columns and transforms: the same in training, batch and serving."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
from polars._typing import EngineType
from polars.exceptions import PolarsError

from keepfit.config.schema.rows import Data
from keepfit.data.columns.expressions import columns_of, expression
from keepfit.data.files.read import in_short
from keepfit.errors import UserError
from keepfit.records.rows import Column

Transform = Callable[[pl.LazyFrame], pl.LazyFrame]


def derive(
    rows: pl.LazyFrame, rules: Mapping[str, str], *, where: str = "data.derive"
) -> pl.LazyFrame:
    """The rows with a column more for each rule, in order; a rule may use those before it."""
    for name, sql in rules.items():
        expr, _ = expression(f"{where}.{name}", sql, rows)
        rows = rows.with_columns(expr.alias(name))
    return rows


def transform(
    rows: pl.LazyFrame,
    function: Transform | None,
    *,
    where: str = "data.transform",
    root: Path | None = None,
    engine: EngineType = "auto",
) -> pl.DataFrame:
    """What the function makes of the rows, one row for each, by an engine of polars.

    UserError with file (below `root`) and line if it raises, if what it gives is no frame, or if
    it gives more or fewer rows: in serving, every row must have its answer.
    """
    given = _collect(rows, where, engine)
    if function is None:
        return given
    made = _call(given.lazy(), function, where, root, engine)
    if made.height != given.height:
        raise UserError(
            f"{where}: {_name(function)} made {made.height:,} rows of {given.height:,}; "
            "expected one for each",
            hint="take rows out of training with data.clean",
        )
    return made


def serving_rules(
    data: Data, features: Sequence[str], target: str, *, where: str = "data.derive"
) -> dict[str, str]:
    """The derive rules that a prediction needs: those that the features rest on.

    With a transform, which may use any column: all rules but those the target rests on alone.
    """
    if data.transform:
        return {name: sql for name, sql in data.derive.items() if name != target}
    needed, rules = set(features), {}
    for name, sql in reversed(data.derive.items()):
        if name in needed:
            rules[name] = sql
            needed.update(columns_of(f"{where}.{name}", sql))
    return dict(reversed(rules.items()))


def input_columns(
    schema: Sequence[Column], data: Data, features: Sequence[str], target: str
) -> tuple[Column, ...]:
    """The raw columns that a prediction needs, in their order.

    They are the features and what derive rules read for them; with a transform, which may use any
    column: all but the target and where rows come from.
    """
    if data.transform:
        hidden = {target, data.origin.column if data.origin else target}
        return tuple(column for column in schema if column.name not in hidden)
    needed: set[str] = set()
    made: set[str] = set()
    for name, sql in serving_rules(data, features, target).items():
        # A rule may overwrite a raw column that it or an earlier rule reads.
        needed.update(c for c in columns_of(f"data.derive.{name}", sql) if c not in made)
        made.add(name)
    needed.update(name for name in features if name not in made)
    return tuple(column for column in schema if column.name in needed)


def _call(
    rows: pl.LazyFrame, function: Transform, where: str, root: Path | None, engine: EngineType
) -> pl.DataFrame:
    try:
        made = function(rows)
        frame = made.collect(engine=engine) if isinstance(made, pl.LazyFrame) else made
    except (Exception, SystemExit) as error:  # the user's code may raise whatever it likes
        place = _place(error, function, root)
        told = f"{type(error).__name__} at {place}: {in_short(error)}"
        raise UserError(
            f"{where}: {_name(function)} raised {told}", hint=f"correct {place}"
        ) from error
    if not isinstance(frame, pl.DataFrame):
        raise UserError(
            f"{where}: {_name(function)} gave {type(made).__name__}; expected a polars LazyFrame"
        )
    return frame


def _collect(rows: pl.LazyFrame, where: str, engine: EngineType) -> pl.DataFrame:
    try:
        return rows.collect(engine=engine)
    except PolarsError as error:
        place = f"{where.rpartition('.')[0]}.derive"
        raise UserError(
            f"{place}: the rows cannot be computed: {in_short(error)}",
            hint="TRY_CAST(… AS …) gives null where CAST fails",
        ) from error


def _place(error: BaseException, function: Transform, root: Path | None) -> str:
    # The deepest line of the user's own file: below it are only libraries.
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    if code and not own:  # it was lazy: the rows were computed after the function had returned
        file, line = code.co_filename, code.co_firstlineno
    else:
        file, line = (own or frames)[-1].filename, (own or frames)[-1].lineno
    path = Path(file)
    below = root is not None and path.is_relative_to(root)
    return f"{path.relative_to(root) if root and below else path}:{line}"


def _name(function: Transform) -> str:
    return getattr(function, "__qualname__", type(function).__name__)
