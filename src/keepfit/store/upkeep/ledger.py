"""What ought to lie in a store, told by a model's log alone: read from its first record on, with no
help of hints, checkpoints or pages."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from keepfit.digest import Digest, sha256
from keepfit.errors import Corrupt
from keepfit.records.rows import Part
from keepfit.store import keys
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.backends.steps import get_many
from keepfit.store.log import checkpoint, events
from keepfit.store.log.fold import advance
from keepfit.store.log.reading import decode
from keepfit.store.log.rules import objection
from keepfit.store.log.shortcut import Hint
from keepfit.store.log.state import State

_AT_ONCE = 16  # records that are asked for at a time

Fate = Literal["open", "dead", "kept"]  # of an attempt: "dead" if its bytes may be deleted


@dataclass(frozen=True, slots=True)
class Shelved:
    """A version whose bytes must be there."""

    version: str
    attempt: str
    manifest: Digest
    gone: tuple[str, ...] = ()  # files that need not be there: its recipe is kept


@dataclass(slots=True)
class Ledger:
    """The books of one model."""

    model: str
    state: State = field(default_factory=State)
    heads: list[Digest] = field(default_factory=list)  # of every record
    checkpoints: dict[str, Digest | None] = field(default_factory=dict)  # what those listed ought
    # to be, by key; None: nothing like it
    versions: dict[str, Shelved] = field(default_factory=dict)
    attempts: dict[str, Fate] = field(default_factory=dict)  # of versions and of parts
    evidence: dict[Digest, str] = field(default_factory=dict)  # the version it is on
    parts: dict[tuple[str, Digest], Part] = field(default_factory=dict)  # by attempt and digest
    promotions: list[events.Promote] = field(default_factory=list)  # oldest first
    approvals: list[events.Approve] = field(default_factory=list)
    void: dict[int, str] = field(default_factory=dict)  # records that count for nothing, and why
    damage: Corrupt | None = None  # what the log breaks off with
    _claims: dict[str, str] = field(default_factory=dict)  # operation -> its latest attempt
    _names: dict[str, str] = field(default_factory=dict)  # attempt -> version

    @property
    def head(self) -> Digest | None:
        """The digest of the last record."""
        return self.heads[-1] if self.heads else None

    def enter(self, data: bytes) -> None:
        """Take the bytes of the next record; Corrupt where they do not follow."""
        seq = self.state.next
        event = decode(keys.record(self.model, seq), data, seq=seq, prev=self.head)
        if why := objection(self.state, event):
            self.void[seq] = why
        else:
            self._book(event)
        advance(self.state, event)
        self.state.versions.library.trim()
        self.heads.append(sha256(data))

    def _book(self, event: events.Any) -> None:  # noqa: C901, PLR0912 a case a kind of record
        match event:
            case events.Begin():
                self._begin(event)
            case events.Abort():
                self.attempts[event.attempt] = "dead"
            case events.Publish():
                self._publish(event)
            case events.Freeze():
                self.attempts[event.attempt] = "kept"
                self.parts |= {(event.attempt, part.digest): part for part in event.parts}
            case events.Judged():
                self.evidence[event.evidence] = event.version
            case events.Approve():
                self.approvals.append(event)
            case events.Promote():
                self.promotions.append(event)
            case events.Reduce():
                held = self.versions[event.version]
                self.versions[event.version] = replace(held, gone=event.files)
            case events.Reopen():
                self._reopen(event)
            case events.Restore():
                self._restore(event)
            case events.Purge():
                self.attempts[self.versions.pop(event.version).attempt] = "dead"
                gone = [e for e, version in self.evidence.items() if version == event.version]
                for digest in gone:
                    del self.evidence[digest]
            case events.PurgeParts():
                for digest in event.parts:
                    self.parts.pop((event.attempt, digest), None)

    def _begin(self, event: events.Begin) -> None:
        earlier = self._claims.get(event.claim)
        if earlier and self.attempts[earlier] == "open":
            self.attempts[earlier] = "dead"
        self._claims[event.claim] = event.attempt
        self._names[event.attempt] = event.version
        self.attempts[event.attempt] = "open"

    def _reopen(self, event: events.Reopen) -> None:
        for attempt, version in self._names.items():
            if version == event.version and self.attempts[attempt] == "open":
                self.attempts[attempt] = "dead"
        self._names[event.attempt] = event.version
        self.attempts[event.attempt] = "open"

    def _restore(self, event: events.Restore) -> None:
        version = self._names[event.attempt]
        self.attempts[self.versions[version].attempt] = "dead"
        self.attempts[event.attempt] = "kept"
        self.versions[version] = Shelved(version, event.attempt, event.manifest)

    def _publish(self, event: events.Publish) -> None:
        version = self._names[event.attempt]
        self.attempts[event.attempt] = "kept"
        self.versions[version] = Shelved(version, event.attempt, event.manifest)
        self.evidence[event.evidence] = version


def open_ledger(objects: ObjectStore, model: str) -> Ledger:
    """The books of a model, as far as its log can be read."""
    ledger = Ledger(model)
    ledger.checkpoints = dict.fromkeys(objects.keys(keys.checkpoints(model)))
    named = {found[0] for found in map(keys.checkpoint_of, ledger.checkpoints) if found}
    try:
        for data in _records(objects, model):
            seq = ledger.state.next
            ledger.enter(data)
            if seq in named:
                key = keys.checkpoint(model, seq, ledger.heads[-1])
                ledger.checkpoints[key] = sha256(checkpoint.encode(ledger.state, ledger.heads[-1]))
        _look_beyond(objects, ledger)
    except Corrupt as error:
        ledger.damage = error
    return ledger


def _records(objects: ObjectStore, model: str) -> Iterator[bytes]:
    """The bytes of the records from the first on, up to where one is missing."""
    for start in itertools.count(0, _AT_ONCE):
        some = [keys.record(model, seq) for seq in range(start, start + _AT_ONCE)]
        for data in get_many(objects, some):
            if data is None:
                return
            yield data


def _look_beyond(objects: ObjectStore, ledger: Ledger) -> None:
    """Corrupt where somebody saw records after the one that is missing."""
    gap = keys.record(ledger.model, ledger.state.next)
    told = max(_told(objects, ledger), default=-1)
    if told >= ledger.state.next and objects.size(gap) is None:  # else somebody wrote it meanwhile
        raise Corrupt(
            f"the log of {ledger.model} is damaged: {gap} is missing, "
            f"but there are or were records up to number {told}",
            hint="restore the log's folder from a backup",
        )


def _told(objects: ObjectStore, ledger: Ledger) -> Iterator[int]:
    listed = objects.keys(keys.log_folder(ledger.model))
    yield from (seq for seq in map(keys.seq_of, listed) if seq is not None)
    yield from (found[0] for found in map(keys.checkpoint_of, ledger.checkpoints) if found)
    data = objects.get(keys.hint(ledger.model))
    with contextlib.suppress(msgspec.DecodeError):
        yield msgspec.json.decode(data or b"", type=Hint).seq
