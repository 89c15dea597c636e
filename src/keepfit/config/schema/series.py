"""Rows that are steps of time series."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from keepfit.config.schema.table import Table
from keepfit.config.values import Fraction, Span
from keepfit.durations import Duration


def quantile_name(level: float) -> str:
    """What the column of a quantile is called: q0.1."""
    return f"q{level:g}"


def naming(named: Sequence[str], static: Sequence[str]) -> tuple[str, ...]:
    """All columns that name a series, in their order."""
    return tuple(dict.fromkeys((*named, *static)))


class Series(Table):
    """For kinds that forecast: a row is a step of a time series, at `data.time`."""

    id: tuple[str, ...] = ()
    """the columns that name a series; else all rows are one"""
    static: tuple[str, ...] = ()
    """columns that tell what a series is like, for `deepar`; they are among those that name it"""
    dynamic: tuple[str, ...] = ()
    """columns of numbers that are known of future steps as well, for `auto-arima` and `deepar`"""
    frequency: Span
    """how far a step is from the next: 1 hour, 1 day, 1 week, 1 month"""
    horizon: Annotated[int, Field(ge=1)]
    """how many steps ahead is forecast"""
    season: Annotated[int, Field(ge=1)] = 1
    """how many steps a season has: 24 for hours of a day; 1: there is none"""
    context: Annotated[int, Field(ge=2)] | None = None
    """how many of a series' last steps a forecast looks at; else all"""
    cutoffs: Annotated[int, Field(ge=1)] = 1
    """from how many moments, a horizon apart, forecasts are judged; they are the holdout"""
    quantiles: tuple[Fraction, ...] = (0.1, 0.5, 0.9)
    """what is answered beside the mean: q0.1 is what a tenth of the truths will be below"""
    missing: Literal["fail", "previous", "interpolate", "zero"] = "fail"
    """what stands for a step that lacks its row or its target; fail refuses the rows"""

    @field_validator("quantiles")
    @classmethod
    def _rising(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        if any(low >= high for low, high in pairwise(quantiles)):
            raise ValueError(f"is {list(quantiles)}; expected each once, the lowest first")
        return quantiles

    @field_validator("static", "dynamic")
    @classmethod
    def _each_once(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) < len(columns):
            raise ValueError(f"is {list(columns)}; expected each column once")
        return columns

    @model_validator(mode="after")
    def _named_by_what_it_is_like(self) -> Self:
        """A row must tell it, and one that tells another thing is of another series."""
        object.__setattr__(self, "id", naming(self.id, self.static))
        return self

    @model_serializer(mode="wrap")
    def _as_it_was_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what there is none of: versions that are older than these keys stay the same."""
        table: dict[str, Any] = write(self)
        empty = {key for key in ("static", "dynamic") if not getattr(self, key)}
        return {key: value for key, value in table.items() if key not in empty}

    @property
    def holdout(self) -> Duration:
        """The end of time that judges: a horizon for each cut-off."""
        return self.frequency.times(self.horizon * self.cutoffs)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the quantiles in answers."""
        return tuple(quantile_name(level) for level in self.quantiles)
