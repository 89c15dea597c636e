"""The records of a model's log. Ints and strings only, so that there is one spelling of each."""

from __future__ import annotations

import msgspec

from keepfit.digest import Digest
from keepfit.records.base import Bump, Outcome
from keepfit.records.rows import Part


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="k"):
    """What happened, by whom; `seq` and `prev` chain it to the record before."""

    seq: int
    prev: Digest | None  # sha256 of the bytes of record seq - 1; None for the first
    op: str  # the operation's id: a second record of the same op is void
    actor: str
    at: str  # ISO time in UTC; informative only, except that approvals expire by it
    min_reader: int = 1  # a reader of a lower format stops here


class Begin(Event, frozen=True, kw_only=True, tag="begin"):
    """Claims a version number for an operation, for ever, and opens an attempt at it."""

    claim: str  # the operation that owns the number
    version: str
    bump: Bump
    attempt: str  # ULID; names the folder of the payload, never used twice
    config: Digest
    snapshot: Digest
    code: Digest
    sources: Digest = ""  # of what the sources held, so that `plan` need not read them
    reason: str = ""  # why the model was due
    branch: str = ""  # the git branch it was trained on, where that is not the main one


class Abort(Event, frozen=True, kw_only=True, tag="abort"):
    """The attempt is dead; its bytes may be deleted."""

    attempt: str
    reason: str = ""
    stray: bool = False  # no record named it, and none may do so from here on


class Freeze(Event, frozen=True, kw_only=True, tag="freeze"):
    """Parts of a snapshot are stored below an attempt's folder from here on."""

    attempt: str
    parts: tuple[Part, ...]


class Publish(Event, frozen=True, kw_only=True, tag="publish"):
    """The version is live: its manifest and all it names are there."""

    attempt: str
    manifest: Digest
    model: Digest  # of the candidate's files: what is compared with what
    evidence: Digest
    parts: tuple[Digest, ...]  # the parts it needs
    commit: str | None = None


class Judged(Event, frozen=True, kw_only=True, tag="verdict"):
    """What the gate said of a version, held against a champion."""

    version: str
    evidence: Digest
    outcome: Outcome
    against: str | None = None  # the champion's version
    why: str = ""


class Request(Event, frozen=True, kw_only=True, tag="request"):
    """A person is asked to let a version into a stage."""

    version: str
    stage: str
    evidence: Digest
    expect: int | None = None  # seq of the promote that set the stage when the question was asked
    expires: str | None = None  # ISO time after which no answer counts


class Approve(Event, frozen=True, kw_only=True, tag="approve"):
    """A person said yes to the evidence of a version, for a stage."""

    version: str
    stage: str
    evidence: Digest
    reason: str = ""
    expires: str | None = None  # ISO time, compared with the promote record's `at`
    expect: int | None = None  # seq of the promote that set the stage when it was given
    signature: str = ""  # SSHSIG in base64, of the record without it (`statement`)


class Reject(Event, frozen=True, kw_only=True, tag="reject"):
    """A person said no: the request is closed."""

    version: str
    stage: str
    reason: str = ""


class Promote(Event, frozen=True, kw_only=True, tag="promote"):
    """A stage points at the version from here on."""

    version: str
    stage: str
    expect: int | None = None  # seq of the record that set the stage before; None: it was empty
    how: str = "gate"  # gate, approval, rollback, force
    reason: str = ""
    approvals: tuple[int, ...] = ()  # seq of the approvals that it rests on
    signature: str = ""  # as of an approval


class Pin(Event, frozen=True, kw_only=True, tag="pin"):
    """The version is kept, whatever the rules say."""

    version: str
    reason: str = ""


class Unpin(Event, frozen=True, kw_only=True, tag="unpin"):
    """The rules decide again whether the version is kept."""

    version: str


class Tombstone(Event, frozen=True, kw_only=True, tag="tombstone"):
    """The version is out of sight; its bytes are still there."""

    version: str
    reason: str = ""


class Untombstone(Event, frozen=True, kw_only=True, tag="untombstone"):
    """The version is live again."""

    version: str


class Purge(Event, frozen=True, kw_only=True, tag="purge"):
    """The point of no return: the version's bytes may be deleted."""

    version: str


class Reduce(Event, frozen=True, kw_only=True, tag="reduce"):
    """Of the version only the recipe is kept: the bytes of these files may be deleted."""

    version: str
    files: tuple[str, ...]  # paths in the version's folder: what a rebuild makes again


class Reopen(Event, frozen=True, kw_only=True, tag="reopen"):
    """Opens an attempt at having back the files of a version of which the recipe is kept."""

    version: str
    attempt: str


class Restore(Event, frozen=True, kw_only=True, tag="restore"):
    """The version is live again: the attempt's folder holds every file that its manifest names."""

    attempt: str
    manifest: Digest  # the very one that was published


class TombstoneParts(Event, frozen=True, kw_only=True, tag="tombstone-parts"):
    """No version may be made from these parts as they lie in that attempt's folder."""

    attempt: str
    parts: tuple[Digest, ...]
    reason: str = ""


class PurgeParts(Event, frozen=True, kw_only=True, tag="purge-parts"):
    """The point of no return: the bytes of these parts in that folder may be deleted."""

    attempt: str
    parts: tuple[Digest, ...]


Any = (
    Begin
    | Abort
    | Freeze
    | Publish
    | Judged
    | Request
    | Approve
    | Reject
    | Promote
    | Pin
    | Unpin
    | Tombstone
    | Untombstone
    | Purge
    | Reduce
    | Reopen
    | Restore
    | TombstoneParts
    | PurgeParts
)
