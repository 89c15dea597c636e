"""Removal, one step at a time: first the record, and only once that counts, the bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keepfit.errors import Refused
from keepfit.store.backends.steps import Delete, Steps
from keepfit.store.log.events import Abort, Purge, PurgeParts, Reduce, Tombstone, TombstoneParts
from keepfit.store.log.log import Draft, append
from keepfit.store.log.state import State
from keepfit.store.log.tape import Log, answered
from keepfit.store.upkeep.removal import Removal, Survey

Say = Callable[..., Draft]  # kind, op and facts of a record to its draft


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of a removal."""

    removal: Removal
    freed: int = 0  # bytes
    refused: str | None = None  # why it was left alone: somebody was quicker


def remove(
    log: Log, removal: Removal, op: str, say: Say, seen: Survey
) -> Steps[tuple[Log, Removed]]:
    """The log with the record of the removal, once its bytes are deleted as far as they may be.

    Rerun after any failure, it goes on where it stopped.
    """
    try:
        log = yield from _record(log, removal, op, say, seen)
    except Refused as refusal:
        return log, Removed(removal, refused=str(refusal))
    if not (yield from answered(log, lambda: _is_done(log.state, removal))):
        refused = f"the operation {op} did it before, and it was undone since"
        return log, Removed(removal, refused=refused)
    if not (yield from answered(log, lambda: _is_final(log.state, removal))):
        return log, Removed(removal)
    for key in removal.keys:
        yield Delete(key)
    return log, Removed(removal, freed=removal.size)


def _record(  # noqa: C901 a case a kind of removal
    log: Log, removal: Removal, op: str, say: Say, seen: Survey
) -> Steps[Log]:
    match removal.what:
        case "abort":
            facts = {"attempt": removal.attempt, "reason": removal.why, "stray": removal.stray}
            draft = say(Abort, op, **facts)
        case "tombstone":
            draft = say(Tombstone, op, version=removal.name, reason=removal.why)
        case "purge":
            draft = say(Purge, op, version=removal.name)
        case "reduce":
            draft = say(Reduce, op, version=removal.name, files=removal.files)
        case "drop parts":
            facts = {"attempt": removal.attempt, "parts": removal.parts, "reason": removal.why}
            draft = say(TombstoneParts, op, **facts)
        case "purge parts":
            draft = say(PurgeParts, op, attempt=removal.attempt, parts=removal.parts)
        case "sweep":
            return log  # an earlier record says so already

    def decide(state: State) -> Draft | None:
        if _is_done(state, removal):
            return None
        if why := _kept_by_now(state, removal, seen):
            raise Refused(f"{log.model} {removal.name} stays: {why}")
        return draft

    return (yield from append(log, op, decide))


def _kept_by_now(state: State, removal: Removal, seen: Survey) -> str | None:
    """Why the removal is off since somebody has written after the survey, or None."""
    if removal.what == "tombstone":
        held = state.versions[removal.name]
        return seen.terms.kept(state)(held) if held.status == "live" else None
    if removal.what in ("purge", "reduce"):
        before, held = seen.log.state.versions[removal.name], state.versions[removal.name]
        # had back and deleted once more since: its days of grace are not those that were over
        return "its grace has begun anew" if held.changed != before.changed else None
    if (removal.stray or removal.what == "drop parts") and _pages(state) != _pages(seen.log.state):
        return "what was put aside meanwhile may need it; the next collection will know"
    return None


def _pages(state: State) -> tuple[object, object]:
    return state.versions.pages, state.part_pages


def _is_done(state: State, removal: Removal) -> bool:
    if removal.what == "drop parts":
        return all((removal.attempt, digest) in state.dropped for digest in removal.parts)
    if removal.what == "tombstone":
        return state.versions[removal.name].status != "live"
    return _is_final(state, removal)


def _is_final(state: State, removal: Removal) -> bool:
    """Whether the log says that the bytes may be deleted, for ever."""
    match removal.what:
        case "abort":
            known = state.attempts.get(removal.attempt)
            return known is not None and known.status == "aborted"
        case "purge":
            return state.versions[removal.name].status == "purged"
        case "reduce":
            return state.versions[removal.name].status == "recipe"
        case "purge parts":
            return all((removal.attempt, digest) not in state.dropped for digest in removal.parts)
        case "sweep":
            return True
        case "tombstone" | "drop parts":
            return False
