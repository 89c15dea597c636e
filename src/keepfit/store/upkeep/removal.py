"""What a collection may do to a model, and what it leaves alone: the nouns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from keepfit.digest import Digest
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.state import State
from keepfit.store.log.tape import Log

What = Literal["abort", "tombstone", "reduce", "purge", "drop parts", "purge parts", "sweep"]
Why = Callable[[VersionState], str | None]  # why a live version stays, whatever its age, or None


@dataclass(frozen=True, slots=True)
class Recipes:
    """What is kept of versions that go: all but what a rebuild makes again, for some time."""

    made_again: Callable[[str], bool]  # of the path of a file in a version's folder
    until: Callable[[datetime], datetime]  # the end of a recipe that is kept from this moment on


@dataclass(frozen=True, slots=True)
class Terms:
    """When something may go."""

    kept: Callable[[State], Why]
    young: timedelta = timedelta(days=90)  # versions that are no older stay
    silent: timedelta = timedelta(hours=24)  # without a heartbeat an attempt is taken for dead
    grace: timedelta = timedelta(days=7)  # between out of sight and gone
    recipes: Recipes | None = None  # None: no recipe is kept


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that stays, and why."""

    version: str
    why: str


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that may go now."""

    what: What
    name: str  # the version, the attempt, or what else people call it
    why: str
    attempt: str = ""  # what an abort or a record about parts names
    parts: tuple[Digest, ...] = ()
    keys: tuple[str, ...] = ()  # what is deleted after the record
    size: int = 0  # bytes that this frees, or will when its grace is over
    stray: bool = False  # no record named the attempt
    files: tuple[str, ...] = ()  # what the recipe of a version goes without


@dataclass(slots=True)
class Survey:
    """What a collection would do."""

    log: Log
    terms: Terms
    kept: list[Kept] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)  # keys that no record explains
