"""The records of a log in words."""

from __future__ import annotations

from keepfit.cli.render import count
from keepfit.store.log import events as ev
from keepfit.store.log.nouns import Entry


def in_words(promotion: ev.Promote) -> str:
    """How a version came into a stage, and by whom; a promotion by force says so."""
    how = {"force": "forced past the gate by"}.get(promotion.how, f"{promotion.how}, by")
    signed = ", signed" if promotion.signature else ""
    why = f": {promotion.reason}" if promotion.reason else ""
    return f"{how} {promotion.actor}{signed}{why}"


def told(entry: Entry) -> tuple[str, str, str]:  # noqa: C901, PLR0912 a case a kind of record
    """What happened, to which version or stage, and why."""
    match entry.event:
        case ev.Begin(version=version, reason=reason):
            words = ("began", version, reason)
        case ev.Abort(reason=reason):
            words = ("gave up", "", reason)
        case ev.Freeze(parts=parts):
            words = ("froze", count(sum(p.rows for p in parts), "row"), parts[0].uri)
        case ev.Publish(attempt=_, model=digest):
            words = ("published", "", f"model {digest[:12]}")
        case ev.Judged(version=version, outcome=outcome, why=why):
            words = (f"judged: {outcome}", version, why)
        case ev.Request(version=version, stage=stage):
            words = (f"asked for {stage}", version, "")
        case ev.Approve(version=version, stage=stage, reason=reason, signature=signature):
            signed = "signed" if signature else ""
            words = (f"approved for {stage}", version, ": ".join(filter(None, (signed, reason))))
        case ev.Reject(version=version, stage=stage, reason=reason):
            words = (f"rejected for {stage}", version, reason)
        case ev.Promote(version=version, stage=stage, how=how, reason=reason):
            done = f"FORCED into {stage}" if how == "force" else f"promoted to {stage}"
            words = (done, version, f"{how}: {reason}" if reason else how)
        case ev.TombstoneParts(parts=dropped, reason=reason):
            words = ("set aside", count(len(dropped), "part"), reason)
        case ev.PurgeParts(parts=dropped):
            words = ("deleted for good", count(len(dropped), "part"), "")
        case ev.Pin(version=version, reason=reason):
            words = ("pinned", version, reason)
        case ev.Unpin(version=version):
            words = ("unpinned", version, "")
        case ev.Tombstone(version=version, reason=reason):
            words = ("deleted", version, reason)
        case ev.Untombstone(version=version):
            words = ("undeleted", version, "")
        case ev.Purge(version=version):
            words = ("deleted for good", version, "")
        case ev.Reduce(version=version, files=gone):
            words = ("kept as recipe", version, f"{count(len(gone), 'file')} less")
        case ev.Reopen(version=version):
            words = ("began to restore", version, "")
        case ev.Restore(manifest=digest):
            words = ("restored", "", f"manifest {digest[:12]}")
    return (words[0], words[1], f"VOID: {entry.void}") if entry.void else words
