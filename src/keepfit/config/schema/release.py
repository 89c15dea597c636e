"""How a version reaches its stages, when it is made again, how long it is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from keepfit.config.schema.table import Table
from keepfit.config.values import Cron, Span


class Promote(Table):
    """How a version that the gate let pass reaches the stages after the first."""

    model_config = ConfigDict(frozen=True, extra="allow")  # the project may name other stages
    __pydantic_extra__: dict[str, Literal["auto", "approval"]] = Field(init=False)

    development: Literal["auto", "approval"] = "auto"
    """the first stage"""
    staging: Literal["auto", "approval"] = "auto"
    """the stage after it"""
    production: Literal["auto", "approval"] = "approval"
    """what users see"""
    approvers: Annotated[int, Field(ge=1)] = 1
    """how many different persons must approve"""
    valid_for: Span | None = None
    """how long a request waits for answers, and an approval counts; else for ever"""
    four_eyes: bool = False
    """true: who published the version may not approve it"""

    def mode(self, stage: str) -> Literal["auto", "approval"]:
        """Whether versions enter a stage by themselves; a stage the table omits asks a person."""
        return getattr(self, stage, "approval")


class Schedule(Table):
    """When a model may be retrained, and what makes it due."""

    retrain: bool = True
    """false: never by itself"""
    cron: Cron | None = None
    """times at which it may be retrained; else whenever `keepfit run` is called"""
    timezone: str = "UTC"
    """of the times"""
    max_age: Span | None = None
    """due when the newest version is older, whatever else"""
    min_new_rows: Annotated[int, Field(ge=1)] = 1
    """fewer new rows do not make it due"""
    decay: Annotated[float, Field(ge=0)] | None = None
    """new rows make it due only if the champion's metric on them is worse by this share"""


class Keep(Table):
    """What `keepfit gc` keeps beside whatever a stage points at."""

    versions: Annotated[int, Field(ge=0)] = 10
    """the newest so many"""
    days: Annotated[int, Field(ge=0)] = 90
    """whatever is younger"""
    recipes: Span | None = None
    """of the others, the recipe for so long: `keepfit restore` makes them again; else nothing"""
