"""State is a pure function of the log. A record that the rules object to is void for everybody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from keepfit.store.log import archive, events
from keepfit.store.log.events import (
    Abort,
    Approve,
    Begin,
    Freeze,
    Judged,
    Pin,
    Promote,
    Publish,
    Purge,
    PurgeParts,
    Reduce,
    Reject,
    Reopen,
    Request,
    Restore,
    Tombstone,
    TombstoneParts,
    Unpin,
    Untombstone,
)
from keepfit.store.log.nouns import Attempt, Claim, Entry, StoredPart, VersionState
from keepfit.store.log.rules import objection
from keepfit.store.log.state import State

replace = msgspec.structs.replace


def fold(records: Iterable[events.Any], start: State | None = None) -> State:
    """The state after `records`, which follow those that led to `start`.

    Wanted where a rule asks for a page that is not at hand.
    """
    state = start.copy() if start else State()
    for event in records:
        advance(state, event)
    return state


def advance(state: State, event: events.Any) -> None:
    """Take one more record into a state of one's own; Wanted before anything is changed."""
    void = objection(state, event)
    if void is None:
        _take(state, event)
        state.ops[event.op] = event.seq
    else:
        state.void[event.seq] = void
    state.entries.append(Entry(event, void))
    state.next, state.at = event.seq + 1, event.at
    archive.tidy(state)


def step(state: State, event: events.Any) -> State:
    """The state after one more record."""
    return fold([event], state)


def _take(state: State, event: events.Any) -> None:  # noqa: C901, PLR0912 a case a kind of record
    match event:
        case Begin():
            _begin(state, event)
        case Abort():
            _abort(state, event)
        case Freeze():
            _freeze(state, event)
        case Publish():
            _publish(state, event)
        case Judged():
            _judged(state, event)
        case Request():
            _request(state, event)
        case Approve():
            place = (event.version, event.stage)
            state.approvals.setdefault(place, {})[event.actor] = event
        case Reject():
            _close(state, event.version, event.stage)
            state.rejections.append(event)
        case Promote():
            _promote(state, event)
        case Pin():
            _change(state, event.version, pinned=event.reason)
        case Unpin():
            _change(state, event.version, pinned=None)
        case Tombstone():
            _change(state, event.version, status="tombstoned", changed=event.seq)
        case Untombstone():
            _change(state, event.version, status="live", changed=None)
        case Purge():
            _change(state, event.version, status="purged", changed=event.seq, gone=())
        case Reduce():
            facts = {"status": "recipe", "changed": event.seq, "gone": event.files}
            _change(state, event.version, **facts)
        case Reopen():
            _reopen(state, event)
        case Restore():
            _restore(state, event)
        case TombstoneParts():
            _drop(state, event)
        case PurgeParts():
            for digest in event.parts:
                del state.dropped[event.attempt, digest]


def _change(state: State, version: str, **facts: object) -> None:
    state.versions.put(replace(state.versions[version], **facts))


def _begin(state: State, event: Begin) -> None:
    earlier = state.claims.get(event.claim)
    if earlier and state.attempts[earlier.attempt].status == "open":
        _end_attempt(state, earlier.attempt, "aborted")
    state.attempts[event.attempt] = Attempt(event.claim, "open", event.seq, event.at)
    if earlier is None:
        state.highest = event.version
    state.claims[event.claim] = Claim(
        op=event.claim,
        version=event.version,
        attempt=event.attempt,
        bump=event.bump,
        config=event.config,
        snapshot=event.snapshot,
        code=event.code,
        sources=event.sources,
        reason=event.reason,
        branch=event.branch,
    )


def _end_attempt(state: State, attempt: str, status: Literal["aborted", "published"]) -> None:
    state.attempts[attempt] = replace(state.attempts[attempt], status=status)


def _abort(state: State, event: Abort) -> None:
    if event.stray:
        state.attempts[event.attempt] = Attempt(None, "aborted", event.seq, event.at)
    else:
        _end_attempt(state, event.attempt, "aborted")


def _freeze(state: State, event: Freeze) -> None:
    state.attempts[event.attempt] = Attempt(None, "published", event.seq, event.at)
    for part in event.parts:
        state.parts.setdefault(part.digest, StoredPart(part, event.attempt, event.seq))


def _drop(state: State, event: TombstoneParts) -> None:
    for digest in event.parts:
        if (known := state.parts.get(digest)) and known.attempt == event.attempt:
            del state.parts[digest]
        state.dropped[event.attempt, digest] = event.seq


def _publish(state: State, event: Publish) -> None:
    _end_attempt(state, event.attempt, "published")
    attempt = state.attempts[event.attempt]
    op = attempt.claim or ""
    claim = state.claims[op] = replace(state.claims[op], published=True)
    for digest in event.parts:
        state.parts[digest] = state.parts.pop(digest)  # the parts that are named last come last
    row = VersionState(
        version=claim.version,
        seq=event.seq,
        at=event.at,
        actor=event.actor,
        attempt=event.attempt,
        manifest=event.manifest,
        model=event.model,
        evidence=event.evidence,
        parts=event.parts,
        commit=event.commit,
        op=claim.op,
        bump=claim.bump,
        config=claim.config,
        snapshot=claim.snapshot,
        code=claim.code,
        sources=claim.sources,
        reason=claim.reason,
        branch=claim.branch,
        begun=attempt.at,
    )
    state.versions.put(row)


def _reopen(state: State, event: Reopen) -> None:
    for attempt, known in list(state.attempts.items()):
        if known.version == event.version and known.status == "open":
            _end_attempt(state, attempt, "aborted")
    state.attempts[event.attempt] = Attempt(None, "open", event.seq, event.at, event.version)


def _restore(state: State, event: Restore) -> None:
    _end_attempt(state, event.attempt, "published")
    version = state.attempts[event.attempt].version
    dead = (*state.versions[version].dead, state.versions[version].attempt)
    facts = {"status": "live", "changed": None, "gone": (), "attempt": event.attempt}
    _change(state, version, dead=dead, **facts)


def _judged(state: State, event: Judged) -> None:
    held = state.versions[event.version]
    verdicts = (*held.verdicts, event)
    state.versions.put(replace(held, evidence=event.evidence, verdicts=verdicts))


def _request(state: State, event: Request) -> None:
    # One question a stage: two would be two answers that overtake each other.
    for version, stage in list(state.requests):
        if stage == event.stage:
            del state.requests[version, stage]
    state.requests[event.version, event.stage] = event
    state.versions.put(state.versions[event.version])


def _promote(state: State, event: Promote) -> None:
    _close(state, event.version, event.stage)
    state.stages[event.stage] = event
    # Whoever asks what the stage holds needs no page for it.
    state.versions.put(state.versions[event.version])
    archive.promoted(state, event)


def _close(state: State, version: str, stage: str) -> None:
    # What was approved is used up: a version that was rolled back needs a new yes.
    state.requests.pop((version, stage), None)
    state.approvals.pop((version, stage), None)
