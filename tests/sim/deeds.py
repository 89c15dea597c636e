"""Everything that writes to a store, as something that is begun again until it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lives import AT_ONCE, TO_RECIPES
from story import WRITING

from keepfit.digest import sha256, sha256_file
from keepfit.records.rows import Part
from keepfit.store.backends.local import LocalStore
from keepfit.store.log.state import State
from keepfit.store.registry import Registry

MODEL = "fare"
FIRST, SECOND, NEXT = "1.0.0-aff1242", "1.0.1-aff1242", "1.0.2-aff1242"
LATER = b'{"mae":2.1}'  # evidence
ROWS = Path(__file__)  # any file
PART = Part(
    source="rows",
    uri=ROWS.name,
    digest=sha256_file(ROWS),
    size=ROWS.stat().st_size,
    format="csv",
    rows=1,
    columns=(),
)


@dataclass(frozen=True)
class Deed:
    """A command, what must be so before it, and how to see that it is done."""

    name: str
    act: Callable[[Registry], object]
    done: Callable[[State], bool]
    before: Callable[[Registry], object] = lambda _: None
    loses: tuple[str, ...] = ()  # versions that may be gone, or out of sight, once it is begun


def opened(folder: Path) -> Registry:
    """The store as a new process would open it."""
    return Registry(LocalStore(folder), clock=lambda: datetime.now(UTC), actor="ann")


def two_versions(folder: Path) -> None:
    """What every deed finds: a version in production, and a newer one."""
    registry = opened(folder)
    for op in ("first", "second"):
        WRITING["publish"](registry, op)
    registry.promote(MODEL, FIRST, "production", expect=None, how="gate")


def check(folder: Path, deed: Deed) -> None:
    """Nothing is half there, and nothing that was acknowledged is lost."""
    registry = opened(folder)
    state = registry.state(MODEL)
    assert [entry for entry in state.entries if entry.void] == []
    for version in {FIRST, SECOND} - set(deed.loses):
        assert state.versions[version].status == "live"
    for version, held in state.versions.items():
        if held.status == "live":
            assert registry.files(MODEL, version) == WRITING["FILES"]
    for promotion in state.stages.values():
        assert state.versions[promotion.version].status == "live"


def publish(registry: Registry) -> None:
    WRITING["publish"](registry, "next")


def promote(registry: Registry) -> None:
    held = registry.state(MODEL).stages["production"]
    if held.version != SECOND:
        registry.promote(MODEL, SECOND, "production", expect=held.seq, how="gate")


def judge(registry: Registry) -> None:
    digest = registry.keep_evidence(MODEL, LATER)
    if registry.state(MODEL).versions[SECOND].evidence != digest:
        registry.judged(MODEL, SECOND, evidence=digest, outcome="pass")


def ask(registry: Registry) -> None:
    if (SECOND, "production") not in registry.state(MODEL).requests:
        evidence = _evidence(registry)
        registry.request(MODEL, SECOND, "production", evidence=evidence, expect=None)


def approve(registry: Registry) -> None:
    if not registry.state(MODEL).approvals:
        evidence = _evidence(registry)
        registry.approve(MODEL, SECOND, "production", evidence=evidence, reason="it is good")


def reject(registry: Registry) -> None:
    if registry.state(MODEL).requests:
        registry.reject(MODEL, SECOND, "production", reason="not yet")


def freeze(registry: Registry) -> None:
    registry.parts(MODEL).add([(PART, ROWS)])


def pin(registry: Registry) -> None:
    if registry.state(MODEL).versions[SECOND].pinned is None:
        registry.pin(MODEL, SECOND, "it is in the paper")


def unpin(registry: Registry) -> None:
    registry.unpin(MODEL, SECOND)


def abort(registry: Registry) -> None:
    for attempt, known in registry.state(MODEL).attempts.items():
        if known.status == "open":
            registry.abort(MODEL, attempt, "nobody is at it")


def collect(registry: Registry) -> None:
    """Out of sight, then gone: all grace is over at once."""
    for _ in range(2):
        seen = registry.survey(MODEL, AT_ONCE)
        for removal in seen.removals:
            registry.remove(seen, removal)


def reduce(registry: Registry) -> None:
    """Out of sight, then only the recipe is left."""
    for _ in range(2):
        seen = registry.survey(MODEL, TO_RECIPES)
        for removal in seen.removals:
            registry.remove(seen, removal)


def restore(registry: Registry) -> None:
    row = registry.state(MODEL).versions[SECOND]
    if row.status == "recipe":
        manifest, files = registry.recipe(MODEL, row)
        made_again = {path: WRITING["FILES"][path] for path in row.gone}
        registry.restore(MODEL, SECOND, {**files, **made_again}, manifest)


def hide(registry: Registry) -> None:
    seen = registry.survey(MODEL, AT_ONCE)
    for removal in seen.removals:
        if removal.what == "tombstone":
            registry.remove(seen, removal)


def undelete(registry: Registry) -> None:
    registry.undelete(MODEL, SECOND)


def _evidence(registry: Registry) -> str:
    return registry.state(MODEL).versions[SECOND].evidence


def _stage(state: State) -> str:
    return state.stages["production"].version


DEEDS = [
    Deed("publish", publish, lambda s: NEXT in s.versions),
    Deed("promote", promote, lambda s: _stage(s) == SECOND),
    Deed("judge", judge, lambda s: s.versions[SECOND].evidence == sha256(LATER)),
    Deed("ask", ask, lambda s: bool(s.requests)),
    Deed("approve", approve, lambda s: bool(s.approvals), ask),
    Deed("reject", reject, lambda s: not s.requests, ask),
    Deed("freeze", freeze, lambda s: s.part(PART.digest) is not None),
    Deed("pin", pin, lambda s: s.versions[SECOND].pinned is not None),
    Deed("unpin", unpin, lambda s: s.versions[SECOND].pinned is None, pin),
    Deed(
        "abort",
        abort,
        lambda s: not any(known.status == "open" for known in s.attempts.values()),
        lambda registry: WRITING["begin"](registry, "stale"),
    ),
    Deed(
        "collect",
        collect,
        lambda s: s.versions[SECOND].status == "purged",
        loses=(SECOND,),
    ),
    Deed(
        "reduce",
        reduce,
        lambda s: s.versions[SECOND].status == "recipe",
        loses=(SECOND,),
    ),
    Deed(
        "restore",
        restore,
        lambda s: s.versions[SECOND].status == "live",
        reduce,
        loses=(SECOND,),
    ),
    Deed(
        "undelete",
        undelete,
        lambda s: s.versions[SECOND].status == "live",
        hide,
        loses=(SECOND,),
    ),
]
