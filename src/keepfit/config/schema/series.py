"""Rows that are steps of time series."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from keepfit.config.schema.table import Table
from keepfit.config.values import Fraction, Span
from keepfit.durations import Duration


def quantile_name(level: float) -> str:
    """What the column of a quantile is called: q0.1."""
    return f"q{level:g}"


class Series(Table):
    """For kinds that forecast: a row is a step of a time series, at `data.time`."""

    id: tuple[str, ...] = ()
    """the columns that name a series; else all rows are one"""
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

    @property
    def holdout(self) -> Duration:
        """The end of time that judges: a horizon for each cut-off."""
        return self.frequency.times(self.horizon * self.cutoffs)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the quantiles in answers."""
        return tuple(quantile_name(level) for level in self.quantiles)
