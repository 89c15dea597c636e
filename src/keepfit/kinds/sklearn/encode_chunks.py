"""The encoding that rows teach which come some at a time, and are not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from keepfit.config.schema.rows import Encode
from keepfit.errors import UserError
from keepfit.kinds.encode import Floats, column, floats_of, level_keys, roles_of
from keepfit.kinds.encoding import Category, Dtype, Encoding, Number

_TOGETHER = 64  # chunks whose counts of levels are kept before they are added up


@dataclass(slots=True)
class _Spread:
    """Count, mean and sum of squares around it, joined as by Chan, Golub and LeVeque (1979)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, count: int, mean: float, squares: float) -> None:
        if not count:
            return
        total, step = self.count + count, mean - self.mean
        self.squares += squares + step**2 * self.count * count / total
        self.mean += step * count / total if self.count else step
        self.count = total


@dataclass(slots=True)
class _Counts:
    """How many rows each level has; null is one."""

    dtype: Dtype
    parts: list[pl.DataFrame] = field(default_factory=list)

    def add(self, keys: pl.Series) -> None:
        self.parts.append(keys.alias("level").value_counts(name="rows"))
        if len(self.parts) == _TOGETHER:
            self.parts = [self.all()]

    def all(self) -> pl.DataFrame:
        return pl.concat(self.parts).group_by("level").agg(pl.col("rows").sum())


class Gathering:
    """Rows on their way to an encoding."""

    def __init__(self, features: Sequence[str], encode: Encode) -> None:
        self._features, self._encode = tuple(features), encode
        self._numbers: dict[str, _Spread] = {}
        self._categories: dict[str, _Counts] = {}
        self._rows = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Take in more rows; UserError for a column that is no number and no category."""
        if not self._rows:
            roles = roles_of(rows, self._features, self._encode)
            self._numbers = {name: _Spread() for name, role in roles.items() if role is None}
            self._categories = {name: _Counts(role) for name, role in roles.items() if role}
        self._rows += rows.height
        for name, spread in self._numbers.items():
            spread.add(*_moments(floats_of(column(rows, name))))
        for name, counts in self._categories.items():
            counts.add(level_keys(column(rows, name), counts.dtype))

    def encoding(self) -> Encoding:
        """What all rows teach, of which there is one at least; UserError for numbers whose squares
        are beyond any float."""
        return Encoding(
            numbers=tuple(self._number(name, spread) for name, spread in self._numbers.items()),
            categories=tuple(self._category(n, counts) for n, counts in self._categories.items()),
        )

    def _number(self, name: str, spread: _Spread) -> Number:
        fill = {"mean": spread.mean, "zero": 0.0}.get(self._encode.missing)
        if fill is not None:  # missing ones are as many rows with that number
            spread.add(self._rows - spread.count, fill, 0.0)
        deviation = float(np.sqrt(spread.squares / max(1, spread.count)))
        if not np.isfinite(deviation):
            raise UserError(
                f"column `{name}` holds numbers whose squares are beyond any float",
                hint=f'make them smaller under `derive`, such as "{name} / 1e100"',
            )
        return Number(name=name, fill=fill, mean=spread.mean, deviation=deviation)

    def _category(self, name: str, counts: _Counts) -> Category:
        levels = counts.all().filter(pl.col("rows") >= self._encode.rare)["level"]
        return Category(
            name=name,
            dtype=counts.dtype,
            levels=tuple(levels.drop_nulls().sort().to_list()),
            missing=levels.null_count() > 0,
        )


@np.errstate(over="ignore", invalid="ignore")  # `encoding` refuses it by name
def _moments(values: Floats) -> tuple[int, float, float]:
    values = values[np.isfinite(values)]
    if not values.size:
        return 0, 0.0, 0.0
    first = float(values[0])
    around = values - first  # exactly 0 in a constant column
    mean = float(around.mean())
    return values.size, first + mean, float(np.sum((around - mean) ** 2))
