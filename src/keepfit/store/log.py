"""The append-only log of a model. Creating its next record is the only commit there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from keepfit.digest import Digest, canonical, sha256
from keepfit.errors import Corrupt, Refused, StoreError
from keepfit.store import events, keys
from keepfit.store.fold import fold
from keepfit.store.reading import decode
from keepfit.store.rules import objection
from keepfit.store.settle import settle
from keepfit.store.state import State
from keepfit.store.steps import Get, Keys, Pause, Steps

Draft = Callable[..., events.Any]  # a record that still lacks its `seq` and `prev`
Decide = Callable[[State], Draft | None]  # None: there is nothing to do

LARGEST_RECORD = 64 * 1024  # bytes: a log is read whole, one record after the other


@dataclass(frozen=True, slots=True)
class Log:
    """A model's log as far as it was read."""

    model: str
    state: State = field(default_factory=State)
    head: Digest | None = None  # of the last record's bytes

    def taking(self, data: bytes) -> Log:
        """This log with the bytes of its next record; Corrupt where they do not follow."""
        event = decode(self.next_key, data, seq=self.state.next, prev=self.head)
        return replace(self, state=fold([event], self.state), head=sha256(data))

    @property
    def next_key(self) -> str:
        """The slot of the next record."""
        return keys.record(self.model, self.state.next)


def read(log: Log) -> Steps[Log]:
    """The log up to its end, going on from what was read already; Corrupt where it is damaged."""
    # Listed first and compared last: what is listed beyond the end then shows a hole, not a race.
    listed = -1 if log.head else (yield from _last_listed(log.model))
    found: list[events.Any] = []
    seq, head = log.state.next, log.head
    while (data := (yield Get(key := keys.record(log.model, seq)))) is not None:
        found.append(decode(key, data, seq=seq, prev=head))
        seq, head = seq + 1, sha256(data)
    if seq <= listed:
        raise Corrupt(
            f"the log of {log.model} is damaged: {key} is missing, later records are there",
            hint="restore that file from a backup; nothing was written",
        )
    return replace(log, state=fold(found, log.state), head=head) if found else log


def _last_listed(model: str) -> Steps[int]:
    found = yield Keys(keys.log_folder(model))
    return max((seq for seq in map(keys.seq_of, found) if seq is not None), default=-1)


def append(log: Log, op: str, decide: Decide) -> Steps[Log]:
    """The log with the record that `decide` drafts, or without where it drafts none.

    An operation that is in the log already is done. Whoever loses a slot to another reads what
    happened there and decides again; what `decide` raises ends it with nothing written.
    """
    log = yield from read(log)
    lost = 0
    while op not in log.state.ops and (draft := decide(log.state)) is not None:
        data = _encode(log, draft)
        held = yield from settle(log.next_key, data)
        log = log.taking(held)
        if held != data:
            lost += 1
            yield Pause(lost)
            log = yield from read(log)
    return log


def _encode(log: Log, draft: Draft) -> bytes:
    event = draft(seq=log.state.next, prev=log.head)
    if void := objection(log.state, event):
        raise Refused(f"{log.model}: {void}", hint=f"keepfit history {log.model}")
    data = canonical(event)
    if len(data) > LARGEST_RECORD:
        raise StoreError(
            f"{log.model}: a record of {len(data):,} bytes is too large for the log, "
            f"which takes {LARGEST_RECORD:,}",
            hint="where it lists hundreds of parts: put the rows into fewer, larger files",
        )
    return data
