"""What the processes of a schedule do: the product's own operations, as its commands call them.

The collector has no patience at all: it takes everything for old, and everybody for dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from spec import Violation
from story import WRITING
from world import MODEL, World, again

from keepfit.errors import Conflict, Corrupt, Refused, StoreError, UnknownName
from keepfit.store.registry import Registry
from keepfit.store.upkeep.removal import Recipes, Terms

MONTH = timedelta(days=30)
FILES = {"model.json": b'{"weights":[1,2,3]}', "evidence.json": b'{"mae":2.3}'}
AT_ONCE = Terms(
    kept=lambda _: lambda _: None, young=timedelta(0), silent=timedelta(0), grace=timedelta(0)
)  # nothing is too young to go
TO_RECIPES = replace(
    AT_ONCE, recipes=Recipes(lambda path: path == "model.json", lambda since: since + MONTH)
)
Life = Callable[[World, str], str]


def trainer(world: World, who: str) -> str:
    """Publishes one version."""

    def command(registry: Registry) -> str:
        try:
            return str(WRITING["publish"](registry, who, model=MODEL, files=FILES))
        except Refused:
            return ""  # somebody ended its attempt meanwhile: the same command again

    while not (version := again(world, who, command)):
        pass
    world.acknowledged.append(f"{who}/publish")
    return version


@contextmanager
def told_the_truth(world: World, registry: Registry) -> Iterator[None]:
    """Whoever is told that it was done finds it in the log; whoever is refused does not."""
    ops: list[str] = []

    def attempt() -> str:
        ops.append(Registry.attempt(registry))
        return ops[-1]

    registry.attempt = attempt  # type: ignore[method-assign]
    try:
        yield
    except (Conflict, Refused) as error:
        if world.spec.ops.keys() & set(ops):
            raise Violation(f"it was done, and yet: {error}") from error
        raise
    if not world.spec.ops.keys() & set(ops):
        raise Violation("it was acknowledged and is not in the log")


def promoter(which: Callable[[list[str]], str]) -> Life:
    """Points production at one of the live versions, chosen by `which`."""

    def promote(world: World, who: str) -> str:
        def command(registry: Registry) -> str:
            state = registry.state(MODEL)
            live = [v for v, held in state.versions.items() if held.status == "live"]
            if not live:
                return "there is none"
            version, held = which(live), state.stages.get("production")
            if held and held.version == version:
                return "it is there already"
            expect = held.seq if held else None
            with told_the_truth(world, registry):
                registry.promote(MODEL, version, "production", expect=expect, how="gate")
            return version

        try:
            return again(world, who, command)
        except (Conflict, Refused) as error:
            return f"refused: {error}"

    return promote


def collecting(terms: Terms, times: int = 1) -> Life:
    """Removes whatever it may by these terms, so many times."""

    def collect(world: World, who: str) -> str:
        def command(registry: Registry) -> str:
            seen = registry.survey(MODEL, terms)
            for removal in seen.removals:
                registry.remove(seen, removal)
            return f"{len(seen.removals)} removals"

        return ", ".join(again(world, who, command) for _ in range(times))

    return collect


collector, reducer = collecting(AT_ONCE), collecting(TO_RECIPES, times=4)


def restorer(world: World, who: str) -> str:
    """Makes a version again of which the recipe is kept, if there is one, and has it back."""

    def command(registry: Registry) -> str:
        rows = registry.state(MODEL).versions.values()
        row = next((row for row in rows if row.status == "recipe"), None)
        if row is None:
            return "there is none"
        try:
            manifest, files = registry.recipe(MODEL, row)
        except Corrupt as error:
            if registry.state(MODEL).versions[row.version] == row:
                raise
            return f"refused: {error}"  # it was purged, or restored and collected, meanwhile
        made_again = {path: FILES[path] for path in row.gone}
        registry.restore(MODEL, row.version, {**files, **made_again}, manifest)
        world.acknowledged.append(f"{row.op}/restore/{row.changed}")
        return row.version

    done = []
    for _ in range(6):
        try:
            done.append(again(world, who, command))
        except Refused as error:
            done.append(f"refused: {error}")
    return ", ".join(done)


def undeleter(world: World, who: str) -> str:
    """Has a version back that was deleted, if there is one."""

    def command(registry: Registry) -> str:
        versions = registry.state(MODEL).versions.items()
        hidden = [version for version, held in versions if held.status == "tombstoned"]
        if not hidden:
            return "there is none"
        registry.undelete(MODEL, hidden[0])
        return hidden[0]

    try:
        return again(world, who, command)
    except Refused as error:
        return f"refused: {error}"


def pinner(world: World, who: str) -> str:
    """Has the newest version kept."""

    def command(registry: Registry) -> str:
        newest = registry.state(MODEL).newest
        if newest is None:
            return "there is none"
        registry.pin(MODEL, newest.version, "it is in the paper")
        return newest.version

    try:
        return again(world, who, command)
    except Refused as error:
        return f"refused: {error}"


def reader(world: World, who: str) -> str:
    """Reads what production holds: all of it, or nothing."""
    registry = world.registry(who)
    for _ in range(3):
        held = registry.state(MODEL).stages.get("production")
        if held is None:
            return "there is none"
        try:
            files = registry.files(MODEL, held.version)
        except (StoreError, Refused, UnknownName):
            continue  # it was collected meanwhile: no grace here
        if files != FILES:
            raise AssertionError(f"{held.version} was read as {files}")
        return held.version
    return "it moved each time"


SCENARIOS: dict[str, dict[str, Life]] = {
    "two": {"T1": trainer, "T2": trainer},
    "tgc": {"T1": trainer, "G1": collector},
    "stage": {"T1": trainer, "T2": trainer, "P1": promoter(min), "P2": promoter(max)},
    "mix": {
        "T1": trainer,
        "T2": trainer,
        "P1": promoter(min),
        "P2": promoter(max),
        "G1": collector,
        "R1": reader,
    },
    "gc2": {
        "T1": trainer,
        "P1": promoter(min),
        "G1": collector,
        "G2": collector,
        "U1": undeleter,
    },
    "recipe": {
        "T1": trainer,
        "G1": reducer,
        "G2": reducer,
        "S1": restorer,
        "S2": restorer,
        "P1": promoter(max),
        "U1": undeleter,
    },
    "restore": {"T1": trainer, "G1": reducer, "G2": collector, "S1": restorer, "R1": reader},
    "pin": {"T1": trainer, "T2": trainer, "K1": pinner, "G1": collector, "U1": undeleter},
}
