"""When a record counts. Every reader applies the same rules, so all of them see one truth."""

from __future__ import annotations

from keepfit.errors import UserError
from keepfit.names import Version
from keepfit.store.log import events
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
from keepfit.store.log.nouns import time_of
from keepfit.store.log.state import State

Named = Judged | Request | Approve | Reject | Promote | Pin | Tombstone  # a version that is live
Kept = Unpin | Untombstone | Purge | Reduce | Reopen  # one that was published


def objection(state: State, event: events.Any) -> str | None:  # noqa: C901, PLR0911 a case a kind
    """Why the record would be void after `state`, or None if it would count.

    Wanted where the answer needs a page that is not at hand.
    """
    if event.op in state.ops:
        return f"the operation {event.op} is done already, by record {state.ops[event.op]}"
    match event:
        case Begin():
            return _begin(state, event)
        case Abort(stray=True):
            return _fresh(state, event.attempt)
        case Abort() | Publish():
            return _needs_open_attempt(state, event) or _publish(state, event)
        case Freeze():
            return _fresh(state, event.attempt)
        case TombstoneParts():
            return _needs_unneeded(state, event)
        case PurgeParts():
            return _needs_dropped(state, event)
        case Reopen():
            return _fresh(state, event.attempt) or _about_kept(state, event)
        case Restore():
            return _needs_open_attempt(state, event) or _restore(state, event)
        case Unpin() | Untombstone() | Purge() | Reduce():
            return _about_kept(state, event)
        case _:
            return _needs_live(state, event.version) or _about_version(state, event)


def _begin(state: State, event: Begin) -> str | None:
    claim = state.claims.get(event.claim)
    if used := _fresh(state, event.attempt):
        return used
    if claim is None:
        return _is_next(state, event)
    if claim.published:
        return f"the operation {event.claim} has published {claim.version} already"
    if claim.version != event.version:
        return f"the operation {event.claim} owns {claim.version}, not {event.version}"
    return None


def _fresh(state: State, attempt: str) -> str | None:
    return f"the attempt {attempt} was used before" if attempt in state.attempts else None


def _is_next(state: State, event: Begin) -> str | None:
    try:
        claimed = Version.parse(event.version)
    except (UserError, ValueError):  # ValueError: more digits than an int may have
        return f"{event.version[:80]} is not a version"
    expected = state.next_version(event.bump, claimed.label)
    if claimed != expected:
        return f"{claimed.number} is not the next {event.bump} version, {expected.number} is"
    return None


def _needs_open_attempt(state: State, event: Abort | Publish | Restore) -> str | None:
    attempt = state.attempts.get(event.attempt)
    if attempt is None:
        return f"the attempt {event.attempt} was never begun"
    if attempt.status != "open":
        return f"the attempt {event.attempt} is {attempt.status}"
    return None


def _publish(state: State, event: Abort | Publish) -> str | None:
    if isinstance(event, Publish):
        if state.attempts[event.attempt].version:
            return f"the attempt {event.attempt} was begun to restore a version"
        for digest in event.parts:
            if digest not in state.parts:
                return f"the part {digest} is not stored"
    return None


def _restore(state: State, event: Restore) -> str | None:
    version = state.attempts[event.attempt].version
    if not version:
        return f"the attempt {event.attempt} was begun to publish a version"
    held = state.versions[version]
    if held.status != "recipe":
        return f"{version} is {held.status}"
    if event.manifest != held.manifest:
        return f"it is about manifest {event.manifest}, {version} has {held.manifest}"
    return None


def _needs_live(state: State, version: str) -> str | None:
    held = state.versions.get(version)
    if held is None:
        return f"{version} is not published"
    return None if held.status == "live" else f"{version} is {held.status}"


def _about_version(state: State, event: Named) -> str | None:
    match event:
        case Request() | Approve():
            return _needs_evidence(state, event) or _needs_expiry(event)
        case Reject() if (event.version, event.stage) not in state.requests:
            return f"nobody asks to let {event.version} into {event.stage}"
        case Promote():
            return _expects_what_is_there(state, event)
        case Tombstone():
            return _needs_unused(state, event.version)
    return None


def _needs_unused(state: State, version: str) -> str | None:
    for stage, promotion in state.stages.items():
        if promotion.version == version:
            return f"{stage} points at {version}"
    for asked, stage in state.requests:
        if asked == version:
            return f"somebody is asked to let {version} into {stage}"
    return f"{version} is pinned" if state.versions[version].pinned is not None else None


def _about_kept(state: State, event: Kept) -> str | None:
    held = state.versions.get(event.version)
    if held is None:
        return f"{event.version} is not published"
    if isinstance(event, Unpin):
        return f"{event.version} is not pinned" if held.pinned is None else None
    return None if held.status in _before(event) else f"{event.version} is {held.status}"


def _before(event: Kept) -> set[str]:
    """The states of a version that the record may follow."""
    match event:
        case Purge():
            return {"tombstoned", "recipe"}
        case Reopen():
            return {"recipe"}
        case _:
            return {"tombstoned"}


def _needs_unneeded(state: State, event: TombstoneParts) -> str | None:
    """Versions at hand need none of the parts that are read from there.

    Of parts and versions on pages whoever drafts this knows: no version comes to need such a part
    again, since what was forgotten is stored anew.
    """
    read = {digest for digest in event.parts if _reads(state, digest, event.attempt)}
    for held in state.versions.recent.values():
        if held.status != "purged" and not read.isdisjoint(held.parts):
            return f"{held.version} needs the part {min(read.intersection(held.parts))}"
    return None


def _reads(state: State, digest: str, attempt: str) -> bool:
    known = state.parts.get(digest)
    return known is not None and known.attempt == attempt


def _needs_dropped(state: State, event: PurgeParts) -> str | None:
    for digest in event.parts:
        if (event.attempt, digest) not in state.dropped:
            return f"the part {digest} of {event.attempt} is not tombstoned"
    return None


def _needs_evidence(state: State, event: Request | Approve) -> str | None:
    evidence = state.versions[event.version].evidence
    if event.evidence != evidence:
        return f"it is about evidence {event.evidence}, {event.version} has {evidence}"
    return None


def _needs_expiry(event: Request | Approve) -> str | None:
    expires = event.expires if isinstance(event, Approve) else None
    if expires is not None and time_of(expires) is None:
        return f"it expires at {expires!r}, which is no time"
    return None


def _expects_what_is_there(state: State, event: Promote) -> str | None:
    current = state.stages.get(event.stage)
    found = current.seq if current else None
    if found != event.expect:
        return f"{event.stage} was set by record {found}, expected {event.expect}"
    return None
