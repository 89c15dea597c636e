"""What the log tells of one version."""

from __future__ import annotations

from collections.abc import Iterable

from keepfit.report.facts import Happening
from keepfit.store.log import events as ev
from keepfit.store.log.nouns import Entry

_WORDS: dict[type, str] = {
    ev.Judged: "judged",
    ev.Request: "asked",
    ev.Approve: "approved",
    ev.Reject: "rejected",
    ev.Promote: "promoted",
    ev.Pin: "pinned",
    ev.Unpin: "unpinned",
    ev.Tombstone: "deleted",
    ev.Untombstone: "undeleted",
}


def happenings(entries: Iterable[Entry], version: str, attempt: str) -> tuple[Happening, ...]:
    """The records about `version`, whose files lie in `attempt`, in their order."""
    return tuple(_told(entry) for entry in entries if _is_about(entry.event, version, attempt))


def _is_about(event: ev.Any, version: str, attempt: str) -> bool:
    if isinstance(event, ev.Publish):
        return event.attempt == attempt
    return type(event) in _WORDS and getattr(event, "version", None) == version


def _told(entry: Entry) -> Happening:
    event = entry.event
    word = _WORDS.get(type(event), "published")
    return Happening(
        seq=event.seq,
        at=event.at,
        who=event.actor,
        what=f"judged: {event.outcome}" if isinstance(event, ev.Judged) else word,
        stage=getattr(event, "stage", None),
        reason=getattr(event, "reason", ""),
        how=getattr(event, "how", ""),
        void=entry.void or "",
    )
