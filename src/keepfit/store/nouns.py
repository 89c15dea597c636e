"""What a model's state consists of, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from keepfit.digest import Digest
from keepfit.names import Version
from keepfit.records import Bump, Part
from keepfit.store import events
from keepfit.store.events import Judged, Promote, Request

Place = tuple[str, str]  # a version and the stage it is meant for
StageState = Promote  # what a stage holds is told by the record that set it
RequestState = Request  # and an open question by the record that asked it


@dataclass(frozen=True, slots=True)
class Claim:
    """A version number that an operation owns for ever."""

    op: str  # the operation
    version: str
    attempt: str  # its latest
    bump: Bump
    config: Digest
    snapshot: Digest
    code: Digest
    sources: Digest = ""
    reason: str = ""  # why the model was due
    published: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A folder that one try at a version, or at storing parts, writes into."""

    claim: str | None  # the operation; None for parts
    status: Literal["open", "aborted", "published"]


@dataclass(frozen=True, slots=True)
class VersionState:
    """A published version and what became of it."""

    version: str
    seq: int  # of the record that published it
    at: str  # ISO time in UTC
    actor: str
    attempt: str
    manifest: Digest
    model: Digest  # of the candidate's files
    evidence: Digest  # the newest: of its publication, or of its last verdict
    parts: tuple[Digest, ...]
    commit: str | None
    op: str  # the operation that made it; what follows is its claim's
    bump: Bump
    config: Digest
    snapshot: Digest
    code: Digest
    sources: Digest = ""
    reason: str = ""
    verdicts: tuple[Judged, ...] = ()
    status: Literal["live"] = "live"

    @property
    def name(self) -> Version:
        """Its number and label, comparable by number."""
        return Version.parse(self.version)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part of a snapshot and the attempt whose folder holds it."""

    part: Part
    attempt: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the log, and why it counts for nothing if it does not."""

    event: events.Any
    void: str | None = None


def time_of(text: str) -> datetime | None:
    """The moment an ISO time names (UTC where it names no zone), or None if it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
