"""What the log says of a model, and the time, while a survey holds them against what lies there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from keepfit.digest import Digest
from keepfit.store.backends.steps import Keys, Modified, Size, Steps
from keepfit.store.log.nouns import StoredPart, VersionState
from keepfit.store.log.tape import Log
from keepfit.store.upkeep.removal import Removal, Survey, Terms, Why


@dataclass(slots=True)
class Books:
    """What the log and the listing say, while they are compared."""

    log: Log
    why: Why
    terms: Terms
    now: datetime
    versions: list[VersionState]
    parts: dict[Digest, StoredPart]  # the copy that versions read
    stored: frozenset[str]  # attempts that stored parts
    survey: Survey

    @property
    def model(self) -> str:
        return self.log.model

    def add(self, removal: Removal) -> None:
        self.survey.removals.append(removal)

    def older(self, moment: datetime | None, span: timedelta) -> bool:
        """Whether the moment is so long past by the clock of the store."""
        return moment is not None and moment + span <= self.now

    def all_older(self, files: list[str]) -> Steps[bool]:
        """Whether even the youngest of the files is older than the grace."""
        for key in files:
            written = yield Modified(key)
            if not self.older(written, self.terms.grace):
                return False
        return True


def below(folder: str) -> Steps[tuple[tuple[str, ...], int]]:
    """Every key below the folder, and the bytes of all."""
    found: list[str] = yield Keys(folder)
    size = yield from sizes(found)
    return tuple(found), size


def sizes(found: list[str]) -> Steps[int]:
    """The bytes of all of them."""
    total = 0
    for key in found:
        total += (yield Size(key)) or 0
    return total


def digest_in(key: str) -> Digest:
    """The digest that a key ends with."""
    return key.rpartition("/")[2].partition(".")[0]


def spoken(span: timedelta) -> str:
    """A span as people say it: `24 hours`, `7 days`."""
    hours = span.total_seconds() / 3600
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:g} days"
