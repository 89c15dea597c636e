"""Makes long logs quickly: three records a version, as a trainer and a promoter write them."""

from datetime import UTC, datetime, timedelta

from keepfit.digest import canonical, sha256
from keepfit.store import keys
from keepfit.store.backends.steps import drive
from keepfit.store.log import events, shortcut
from keepfit.store.log.fold import advance
from keepfit.store.log.tape import Log

START = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def next_record(state):
    """The kind, the operation and the facts of the record that follows."""
    number, step = divmod(state.next, 3)

    def digest(what):
        return sha256(f"{number}/{what}".encode())

    attempt = f"ATTEMPT{number:019}"
    if step == 0:
        bump = "patch" if number % 50 else "minor"
        facts = {name: digest(name) for name in ("config", "snapshot", "code", "sources")}
        version = str(state.next_version(bump, "aff1242"))
        facts |= {"claim": digest("op"), "version": version, "bump": bump}
        reason = "31,204 new rows since 1.4.12"
        op = f"{digest('op')}/{attempt}"
        return events.Begin, op, facts | {"attempt": attempt, "reason": reason}
    if step == 1:
        facts = {name: digest(name) for name in ("manifest", "model", "evidence")}
        facts |= {"attempt": attempt, "parts": (), "commit": "a" * 40}
        return events.Publish, f"{digest('op')}/publish", facts
    held = state.stages.get("production")
    version = next(reversed(state.versions.recent))
    expect = held.seq if held else None
    facts = {"version": version, "stage": "production", "expect": expect}
    return events.Promote, f"promote/{number}", facts


def write(store, versions, *, model="fare", records=None):
    """The state of a log of so many versions, written to the store with all that leads to it.

    `records` is how many of the newest records are written; None: all.
    """
    log, records_in_all = Log(model), 3 * versions
    first = 0 if records is None else records_in_all - records
    state, head, tail, anchor = log.state, None, [], None
    while state.next < records_in_all:
        kind, op, facts = next_record(state)
        at = (START + state.next * MINUTE).isoformat(timespec="milliseconds")
        seq = state.next
        event = kind(seq=seq, prev=head, op=op, actor="ann", at=at, **facts)
        data = canonical(event)
        advance(state, event)
        head = sha256(data)
        tail.append(data)
        if seq >= first:
            store.create(keys.record(model, seq), data)
        if state.next == records_in_all // shortcut.EVERY * shortcut.EVERY:
            anchor = drive(shortcut.save(Log(model, state, head)), store, lambda _: None).anchor
            tail.clear()
    assert not state.void
    if anchor:
        drive(shortcut.leave(Log(model, state, head, anchor, tuple(tail))), store, lambda _: None)
    return state
