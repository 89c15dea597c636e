"""What a model's state consists of, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from keepfit.digest import Digest
from keepfit.names import Version
from keepfit.records.base import Bump
from keepfit.records.rows import Part
from keepfit.store.log import events
from keepfit.store.log.events import Judged, Promote, Request

Place = tuple[str, str]  # a version and the stage it is meant for
StageState = Promote  # what a stage holds is told by the record that set it
RequestState = Request  # and an open question by the record that asked it


class Row(msgspec.Struct, frozen=True, array_like=True):
    """What checkpoints and pages hold by the thousand: written as a list, without its names."""


class Claim(Row, frozen=True, kw_only=True):
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
    branch: str = ""  # the git branch it was trained on, where that is not the main one
    published: bool = False


class Attempt(Row, frozen=True):
    """A folder that one try at a version, or at storing parts, writes into."""

    claim: str | None  # the operation; None for parts
    status: Literal["open", "aborted", "published"]
    seq: int = 0  # of the record that began it
    at: str = ""  # ISO time of that record
    version: str = ""  # whose files it has back; "": it is an attempt at a new version, or parts


class VersionState(Row, frozen=True, kw_only=True):
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
    status: Literal["live", "tombstoned", "recipe", "purged"] = "live"
    changed: int | None = None  # seq of the record that set its status; None: it is live
    pinned: str | None = None  # why the rules may not collect it
    branch: str = ""
    begun: str = ""  # ISO time of the claim of its attempt
    dead: tuple[str, ...] = ()  # earlier attempts at it, told once the fold has forgotten them
    gone: tuple[str, ...] = ()  # files whose bytes may be deleted, while its recipe is kept

    @property
    def name(self) -> Version:
        """Its number and label, comparable by number."""
        return Version.parse(self.version)

    @property
    def number(self) -> tuple[int, int, int]:
        """The same as three numbers."""
        return number_of(self.version)


class StoredPart(Row, frozen=True):
    """A part of a snapshot and the attempt whose folder holds it."""

    part: Part
    attempt: str
    seq: int = 0  # of the record that froze it


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the log, and why it counts for nothing if it does not."""

    event: events.Any
    void: str | None = None


def number_of(version: str) -> tuple[int, int, int]:
    """The three numbers of a version in the log; KeyError where the text is none."""
    try:
        major, minor, patch = map(int, version.partition("-")[0].split("."))
    except ValueError as error:
        raise KeyError(version) from error
    return major, minor, patch


def iso(moment: datetime) -> str:
    """The moment as records tell it: ISO, UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def time_of(text: str) -> datetime | None:
    """The moment an ISO time names (UTC where it names no zone), or None if it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
