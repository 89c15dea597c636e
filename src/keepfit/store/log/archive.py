"""What the fold puts aside, and when: a function of the log alone, so all readers do the same.

At hand stays all that a rule asks for: what stages hold, open questions, open attempts, and the
newest of everything. Of the rest the rules forget the operation and its attempts: after a few
hundred newer versions the same operation is a new one.
"""

from __future__ import annotations

import math
from typing import TypeVar

import msgspec

from keepfit.store.log.nouns import StageState, VersionState, time_of
from keepfit.store.log.pages import ROWS, Page
from keepfit.store.log.state import PastPage, State

T = TypeVar("T")

AT_HAND = 250  # versions and promotions that are at hand at least
PARTS_AT_HAND = 2000  # a snapshot may name hundreds
_NEWEST = 250  # operations, void records and entries that are remembered at least
_LONGEST_TRAIL = 100  # rollbacks in a row


def tidy(state: State) -> None:
    """Put aside what is too much after one more record."""
    if len(state.versions.recent) >= ROWS + AT_HAND:
        _versions(state)
    if len(state.parts) >= ROWS + PARTS_AT_HAND:
        _parts(state)
    if len(state.entries) >= 2 * _NEWEST:
        del state.entries[:-_NEWEST]
    _only_newest(state.ops)
    _only_newest(state.void)


def promoted(state: State, promotion: StageState) -> None:
    """Add to the stage's past, and put the oldest aside where it is too much."""
    past = state.past.setdefault(promotion.stage, [])
    past.append(promotion)
    if len(past) >= ROWS + AT_HAND:
        _past(state, promotion.stage)
    _follow(state.trails.setdefault(promotion.stage, []), promotion)


def _only_newest(known: dict[T, int] | dict[T, str]) -> None:
    if len(known) >= 2 * _NEWEST:
        for key in list(known)[:-_NEWEST]:
            del known[key]


def _versions(state: State) -> None:
    held = {promotion.version for promotion in state.stages.values()}
    held |= {version for version, _ in state.requests}
    free = [row for row in state.versions.recent.values() if row.version not in held]
    oldest = sorted(free, key=lambda row: row.seq)[:ROWS]
    ops = {row.op for row in oldest}
    dead: dict[str, tuple[str, ...]] = {}
    for attempt, known in list(state.attempts.items()):
        if known.claim in ops:
            del state.attempts[attempt]
            if known.status == "aborted":
                dead[known.claim] = (*dead.get(known.claim, ()), attempt)
    for op in ops:
        state.claims.pop(op, None)
    state.versions.put_aside([_with_dead(row, dead.get(row.op, ())) for row in oldest])
    _forget_folders(state)


def _with_dead(row: VersionState, attempts: tuple[str, ...]) -> VersionState:
    return msgspec.structs.replace(row, dead=(*row.dead, *attempts)) if attempts else row


def _parts(state: State) -> None:
    rows = [state.parts.pop(digest) for digest in list(state.parts)[:ROWS]]
    page = Page(state.versions.library.write(rows), rows[0].seq, rows[-1].seq, len(rows))
    state.part_pages = (*state.part_pages, page)
    _forget_folders(state)


def _forget_folders(state: State) -> None:
    """Forget the attempts that stored parts of which none is at hand."""
    named = {stored.attempt for stored in state.parts.values()}
    named |= {attempt for attempt, _ in state.dropped}
    for attempt, known in list(state.attempts.items()):
        if known.claim is None and known.status == "published" and attempt not in named:
            del state.attempts[attempt]


def _past(state: State, stage: str) -> None:
    past = state.past[stage]
    rows, state.past[stage] = past[:ROWS], past[ROWS:]
    times = [at.timestamp() for row in rows if (at := time_of(row.at))]
    digest = state.versions.library.write(rows)
    page = PastPage(
        digest, rows[0].seq, rows[-1].seq, len(rows), stage, min(times, default=math.inf)
    )
    state.past_pages = (*state.past_pages, page)


def _follow(trail: list[str], promotion: StageState) -> None:
    if promotion.how == "rollback" and promotion.version in trail:
        while trail[-1] != promotion.version:
            trail.pop()
    elif not trail or trail[-1] != promotion.version:
        trail.append(promotion.version)
    del trail[:-_LONGEST_TRAIL]
