"""State is a pure function of the log. A record that the rules object to is void for everybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from keepfit.store import events
from keepfit.store.events import (
    Abort,
    Approve,
    Begin,
    Freeze,
    Judged,
    Promote,
    Publish,
    Reject,
    Request,
)
from keepfit.store.nouns import Attempt, Claim, Entry, StoredPart, VersionState
from keepfit.store.rules import objection
from keepfit.store.state import State


def fold(records: Iterable[events.Any], start: State | None = None) -> State:
    """The state after `records`, which follow those that led to `start`."""
    state = start.copy() if start else State()
    for event in records:
        void = objection(state, event)
        if void is None:
            _take(state, event)
            state.ops[event.op] = event.seq
        state.entries.append(Entry(event, void))
    return state


def step(state: State, event: events.Any) -> State:
    """The state after one more record."""
    return fold([event], state)


def _take(state: State, event: events.Any) -> None:
    match event:
        case Begin():
            _begin(state, event)
        case Abort():
            _end_attempt(state, event.attempt, "aborted")
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


def _begin(state: State, event: Begin) -> None:
    earlier = state.claims.get(event.claim)
    if earlier and state.attempts[earlier.attempt].status == "open":
        _end_attempt(state, earlier.attempt, "aborted")
    state.attempts[event.attempt] = Attempt(event.claim, "open")
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
    )


def _end_attempt(state: State, attempt: str, status: Literal["aborted", "published"]) -> None:
    state.attempts[attempt] = replace(state.attempts[attempt], status=status)


def _freeze(state: State, event: Freeze) -> None:
    state.attempts[event.attempt] = Attempt(None, "published")
    for part in event.parts:
        state.parts.setdefault(part.digest, StoredPart(part, event.attempt))


def _publish(state: State, event: Publish) -> None:
    _end_attempt(state, event.attempt, "published")
    op = state.attempts[event.attempt].claim or ""
    claim = state.claims[op] = replace(state.claims[op], published=True)
    state.versions[claim.version] = VersionState(
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
    )


def _judged(state: State, event: Judged) -> None:
    held = state.versions[event.version]
    verdicts = (*held.verdicts, event)
    state.versions[event.version] = replace(held, evidence=event.evidence, verdicts=verdicts)


def _request(state: State, event: Request) -> None:
    # One question a stage: two would be two answers that overtake each other.
    for version, stage in list(state.requests):
        if stage == event.stage:
            del state.requests[version, stage]
    state.requests[event.version, event.stage] = event


def _promote(state: State, event: Promote) -> None:
    _close(state, event.version, event.stage)
    state.stages[event.stage] = event
    state.past.setdefault(event.stage, []).append(event)


def _close(state: State, version: str, stage: str) -> None:
    # What was approved is used up: a version that was rolled back needs a new yes.
    state.requests.pop((version, stage), None)
    state.approvals.pop((version, stage), None)
