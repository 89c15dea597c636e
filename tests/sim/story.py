"""A short life of one model, told the same way over every store that lies: two people publish,
freeze rows, judge, promote, pin, collect and undelete, one after the other.

Whoever is told "nobody can say" runs the same command again, as the hint says; whoever is told
that it failed must find nothing done. At the end all is there once.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keepfit.errors import Conflict, Refused, StoreError, Unclear
from keepfit.records.rows import Part
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.seen import Seen
from keepfit.store.log.state import State
from keepfit.store.registry import Registry
from keepfit.store.upkeep.removal import Terms

WRITING = runpy.run_path(str(Path(__file__).parents[1] / "store" / "writer.py"))
PART = Part(
    source="rows", uri="trips.csv", digest="1" * 64, size=9, format="csv", rows=3, columns=()
)
RERUNS = 1000  # a store without retries of its own fails a long read again and again
PEOPLE = ("ann", "bob")


class Lied(AssertionError):
    """Somebody was told what is not so."""


@dataclass(frozen=True)
class Step:
    """One command of one person, and how to see that it was done."""

    name: str
    who: str
    act: Callable[[Registry], object]
    done: Callable[[State], bool]


def publishes(who: str, op: str, bump: str = "patch") -> Step:
    return Step(
        f"{who} publishes {op}",
        who,
        lambda registry: WRITING["publish"](registry, op, bump=bump),
        lambda state: f"{op}/publish" in state.ops,
    )


def promotes(who: str, version: str, stage: str, expect: str | None) -> Step:
    def act(registry: Registry) -> None:
        held = registry.state("fare").stages.get(stage)
        if (held.version if held else None) != expect:
            raise Conflict(stage, expect, held and held.version)
        registry.promote("fare", version, stage, expect=held.seq if held else None, how="gate")

    def done(state: State) -> bool:
        held = state.stages.get(stage)
        return held is not None and held.version == version

    return Step(f"{who} promotes {version} to {stage}", who, act, done)


def freezes(who: str) -> Step:
    def act(registry: Registry) -> None:
        registry.freeze("fare", registry.attempt(), [PART])

    return Step(f"{who} freezes rows", who, act, lambda state: PART.digest in state.parts)


def judges(who: str, version: str) -> Step:
    def act(registry: Registry) -> None:
        registry.judged("fare", version, evidence=WRITING["DIGEST"], outcome="pass")

    return Step(
        f"{who} judges {version}", who, act, lambda state: bool(state.versions[version].verdicts)
    )


def pins(who: str, version: str) -> Step:
    return Step(
        f"{who} pins {version}",
        who,
        lambda registry: registry.pin("fare", version, "for the audit"),
        lambda state: state.versions[version].pinned is not None,
    )


def collects(who: str, version: str) -> Step:
    """Takes it out of sight, whatever its age."""

    def kept(row: VersionState) -> str | None:
        return None if row.version == version else "it is another one"

    def act(registry: Registry) -> None:
        seen = registry.survey("fare", Terms(kept=lambda _: kept, young=timedelta(0)))
        for removal in seen.removals:
            if removal.what == "tombstone":
                assert registry.remove(seen, removal).refused is None

    return Step(
        f"{who} collects {version}",
        who,
        act,
        lambda state: state.versions[version].status == "tombstoned",
    )


def undeletes(who: str, version: str) -> Step:
    return Step(
        f"{who} undeletes {version}",
        who,
        lambda registry: registry.undelete("fare", version),
        lambda state: state.versions[version].status == "live",
    )


FIRST, SECOND, THIRD = "1.0.0-aff1242", "1.0.1-aff1242", "1.1.0-aff1242"
FOURTH = "1.1.1-aff1242"
STORY = (
    publishes("ann", "op-1"),
    promotes("ann", FIRST, "staging", None),
    freezes("bob"),
    publishes("bob", "op-2"),
    judges("bob", SECOND),
    promotes("bob", SECOND, "staging", FIRST),
    publishes("ann", "op-3", "minor"),
    promotes("ann", THIRD, "staging", SECOND),
    promotes("bob", FIRST, "production", None),
    pins("bob", SECOND),
    publishes("bob", "op-4"),
    collects("ann", FOURTH),
    undeletes("bob", FOURTH),
)


def registry(objects, who: str = "reader", seen: Seen | None = None) -> Registry:
    def clock() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    return Registry(objects, clock=clock, actor=who, sleep=lambda _: None, seen=seen)


def held(objects: dict[str, bytes]) -> MemoryStore:
    """A store that holds just these."""
    store = MemoryStore()
    store._objects = objects
    return store


def tell(open_store: Callable[[str], object], look: Callable[[], State]) -> None:
    """Run the story, one store a person; Lied where somebody was told what is not so."""
    people = {who: registry(open_store(who), who) for who in PEOPLE}
    for step in STORY:
        run(step, people[step.who], look)


def run(step: Step, person: Registry, look: Callable[[], State]) -> None:
    unclear = False  # what nobody could tell of may land at any time from then on
    for _ in range(RERUNS):
        try:
            step.act(person)
        except Unclear:
            unclear = True
        except StoreError as error:
            if not unclear and (step.done(look()) or isinstance(error, Conflict)):
                raise Lied(f"{step.name}: {error}") from error
        except Refused as error:
            raise Lied(f"{step.name}: {error}") from error
        else:
            if not step.done(look()):
                raise Lied(f"{step.name} was acknowledged, but is not there")
            return
        if unclear and step.done(look()):
            return
    raise Lied(f"{step.name} was tried {RERUNS} times")


def check(reader: Registry) -> None:
    """All of the story is there, once, in a whole log, with every byte in place."""
    state = reader.state("fare")
    seqs = [entry.event.seq for entry in state.entries]
    ops = [entry.event.op for entry in state.entries]
    assert seqs == list(range(state.next))
    assert len(set(ops)) == len(ops)
    assert [entry for entry in state.entries if entry.void] == []
    assert list(state.versions) == [FIRST, SECOND, THIRD, FOURTH]
    assert {row.status for row in state.versions.values()} == {"live"}
    assert {stage: held.version for stage, held in state.stages.items()} == {
        "staging": THIRD,
        "production": FIRST,
    }
    for version in state.versions:
        assert reader.files("fare", version) == WRITING["FILES"]
