"""An operation that is given again: what it did then is its answer now."""

from __future__ import annotations

from keepfit.errors import UserError
from keepfit.lifecycle.releasing.release import Release
from keepfit.store.log import events
from keepfit.store.log.state import State
from keepfit.store.registry import Registry

Moved = events.Promote | events.Request | events.Approve | events.Reject


def before(
    registry: Registry, model: str, op: str, hows: tuple[str, ...], stage: str | None
) -> Release | None:
    """What the operation did at a stage, by one of these records, the last one first, or None.

    UserError where that was another stage than the one asked for.
    """
    for how in hows:
        event = registry.done(model, f"{op}/{how}")
        if isinstance(event, Moved):
            same(op, stage or event.stage, event.stage, event)
            return _release(registry.state(model), event)
    return None


def same(op: str, asked: str, did: str, event: events.Any) -> None:
    """UserError where the operation did something else than what is asked for now."""
    if asked != did:
        raise UserError(
            f"the operation {op} was about {did}, not {asked}: see record {event.seq}",
            hint="give this one another --op, or none",
        )


def _release(state: State, event: Moved) -> Release:
    held = state.stages.get(event.stage)
    match event:
        case events.Promote():
            past = state.past.get(event.stage, [])
            was = next((p.version for p in past if p.seq == event.expect), None)
            return Release(event.stage, event.version, "promoted", was)
        case events.Reject():
            return Release(event.stage, event.version, "refused", held.version if held else None)
    if (event.version, event.stage) in state.requests:
        return Release(event.stage, event.version, "asked", held.version if held else None)
    holds = held is not None and held.version == event.version
    return Release(event.stage, event.version, "promoted" if holds else "refused")
