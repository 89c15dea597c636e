"""The append-only log of a model. Creating its next record is the only commit there is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

import msgspec

from keepfit.digest import canonical, sha256
from keepfit.errors import Corrupt, Refused, StoreError
from keepfit.store import keys
from keepfit.store.backends.settle import settle
from keepfit.store.backends.steps import Get, GetMany, Keys, Pause, Steps
from keepfit.store.log import events, shortcut
from keepfit.store.log.pages import PageLost
from keepfit.store.log.rules import objection
from keepfit.store.log.state import State
from keepfit.store.log.tape import Anchor, Log, answered, taken

Draft = Callable[..., events.Any]  # a record that still lacks its `seq` and `prev`
Decide = Callable[[State], Draft | None]  # None: there is nothing to do

LARGEST_RECORD = 64 * 1024  # bytes: a log is read record by record
_AT_ONCE = 16  # records that are asked for at a time
_A_FOLD = 1000  # records that are in memory at a time


def read(log: Log) -> Steps[Log]:
    """The log up to its end, going on from what was read already; Corrupt where it is damaged."""
    if log.head is not None:
        with contextlib.suppress(PageLost):  # a state of long ago, whose pages were superseded
            return (yield from _onward(log))
    hinted = yield from shortcut.by_hint(log.model)
    if hinted:
        with contextlib.suppress(PageLost):  # the same of a hint that landed late
            return (yield from _onward(hinted))
    return (yield from read_unhinted(log.model))


def read_unhinted(model: str) -> Steps[Log]:
    """The same of a log that nobody has read, where there is no hint, or none to be believed."""
    # Listed first and compared last: what is listed beyond the end then shows a hole, not a race.
    listed = yield from _last_listed(keys.log_folder(model))
    log = None
    if listed >= shortcut.EVERY:
        log = yield from _newest_checkpoint(model)
    return (yield from _whole(log or Log(model), listed))


def read_all(model: str) -> Steps[Log]:
    """The log from its first record, whatever hints and checkpoints say; Corrupt if damaged."""
    listed = yield from _last_listed(keys.log_folder(model))
    return (yield from _whole(Log(model), listed))


def append(log: Log, op: str, decide: Decide) -> Steps[Log]:
    """The log with the record that `decide` drafts, or without where it drafts none.

    An operation that is in the log already is done. Whoever loses a slot to another reads what
    happened there and decides again; what `decide` raises ends it with nothing written.
    """
    try:
        return (yield from _append(log, op, decide))
    except PageLost:
        # A state of long ago: a new one names pages that are there. What was done stays done.
        return (yield from _append(Log(log.model), op, decide))


def _append(log: Log, op: str, decide: Decide) -> Steps[Log]:
    log = yield from sure(log)
    lost = 0
    while op not in log.state.ops:
        data = yield from answered(log, partial(_drafted, log, decide))
        if data is None:
            return log
        held = yield from settle(log.next_key, data)
        log = yield from taken(log, [held])
        if held == data:
            return (yield from shortcut.leave(log))
        lost += 1
        yield Pause(lost)
        log = yield from read(log)
    return log


def sure(log: Log) -> Steps[Log]:
    """The log up to its end, good enough to write: never beyond a hole, nor after a lying hint."""
    log = yield from read(log)
    if log.sure:
        return log
    shelf = keys.shelf(log.model, log.state.next)
    listed = yield from _last_listed(shelf)
    last = keys.record(log.model, log.state.next - 1)
    data: bytes | None = yield Get(last)
    if data is None or sha256(data) != log.head:
        return (yield from read_unhinted(log.model))
    log = yield from _whole(log, listed)
    return msgspec.structs.replace(log, sure=True)


def _newest_checkpoint(model: str) -> Steps[Log | None]:
    """The log up to the newest checkpoint whose record is in the log; Corrupt if that is gone."""
    found: list[str] = yield Keys(keys.checkpoints(model))
    for key in reversed(found):
        if (named := keys.checkpoint_of(key)) is None:
            continue
        seq, start = named
        record = keys.record(model, seq)
        data: bytes | None = yield Get(record)
        if data is None:
            raise _hole(model, record)
        if not (head := sha256(data)).startswith(start):
            continue
        log = yield from shortcut.by_checkpoint(model, Anchor(seq, head))
        if log:
            return msgspec.structs.replace(log, sure=True)
    return None


def _whole(log: Log, listed: int) -> Steps[Log]:
    """The log read on to its end, which no record up to `listed` may lie beyond."""
    while log.state.next + _AT_ONCE <= listed:
        end = min(log.state.next + _A_FOLD, listed)
        log = yield from _stretch(log, end)
    log = yield from _onward(log)
    if log.state.next <= listed:
        raise _hole(log.model, log.next_key)
    return log


def _stretch(log: Log, end: int) -> Steps[Log]:
    """The log read on up to record `end`, which is known to be there."""
    wanted = [keys.record(log.model, seq) for seq in range(log.state.next, end)]
    records: list[bytes] = []
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        answers: list[bytes | None] = yield GetMany(some)
        for key, data in zip(some, answers, strict=True):
            if data is None:
                raise _hole(log.model, key)
            records.append(data)
    return (yield from taken(log, records))


def _onward(log: Log) -> Steps[Log]:
    """The log read on, record by record, until there is none."""
    found: list[bytes] = []
    while (data := (yield Get(keys.record(log.model, log.state.next + len(found))))) is not None:
        found.append(data)
        if len(found) == _A_FOLD:
            log, found = (yield from taken(log, found)), []
    return (yield from taken(log, found)) if found else log


def _last_listed(folder: str) -> Steps[int]:
    found = yield Keys(folder)
    return max((seq for seq in map(keys.seq_of, found) if seq is not None), default=-1)


def _hole(model: str, key: str) -> Corrupt:
    return Corrupt(
        f"the log of {model} is damaged: {key} is missing, later records are there",
        hint="restore that file from a backup; nothing was written",
    )


def _drafted(log: Log, decide: Decide) -> bytes | None:
    draft = decide(log.state)
    if draft is None:
        return None
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
