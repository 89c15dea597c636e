"""What is searched for better parameters, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from keepfit.config.schema.table import Table
from keepfit.config.values import Seconds

Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = int | Finite
Plain = bool | int | Finite | str
Choice = Plain | tuple[Plain, ...]


class Range(Table):
    """Numbers for a parameter, from `low` to `high`; whole ones where the kind takes whole ones."""

    low: Number
    """the least"""
    high: Number
    """the greatest"""
    log: bool = False
    """true: as many between 0.1 and 1 as between 1 and 10"""
    step: Annotated[Number, Field(gt=0)] | None = None
    """only low, low + step, low + 2 step, …; else any"""
    points: Annotated[int, Field(ge=2)] = 5
    """of a grid, where there is no step: so many values, evenly spread"""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"is from {self.low} to {self.high}; expected low below high")
        if self.log and self.low <= 0:
            raise ValueError(f"has log with low = {self.low}; expected low above 0")
        if self.log and self.step is not None:
            raise ValueError("has log and step; expected one of them")
        return self


def _each_once(choices: tuple[Any, ...]) -> tuple[Any, ...]:
    for place, choice in enumerate(choices):
        if any(choice == other and type(choice) is type(other) for other in choices[:place]):
            raise ValueError(f"names {choice!r} twice; expected each choice once")
    return choices


Choices = Annotated[tuple[Choice, ...], Field(min_length=1), AfterValidator(_each_once)]


class Tune(Table):
    """What `keepfit tune` searches, and how; nothing of it changes a model."""

    params: dict[str, Choices | Range] = {}
    """names of params: values, which may be lists; or { low = 0.01, high = 100, log = true }"""
    search: Literal["random", "grid", "halving", "optuna"] = "random"
    """how candidates are found"""
    sampler: Literal["tpe", "cma-es"] = "tpe"
    """of optuna"""
    trials: Annotated[int, Field(ge=1)] | None = None
    """candidates beside the file's own params; else 30, of a grid all"""
    folds: Annotated[int, Field(ge=2)] = 5
    """parts of the training rows that judge, one after the other"""
    metric: str | None = None
    """what candidates are compared on; else the gate's"""
    seed: int | None = None
    """of the folds and of the search; else split.seed"""
    timeout: Seconds | None = None
    """seconds after which no trial begins"""
