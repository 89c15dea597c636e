"""A store, a clock and a network in memory, which lose, repeat and delay requests as a seed says,
and processes that die and come again. Every promise is checked after every single request.

A run is a function of its seed alone: the same seed, the same trace.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import turns
from spec import Spec, Violation
from turns import Killed, Process

from keepfit.digest import Digest, sha256
from keepfit.errors import Conflict, Corrupt, StoreError
from keepfit.store import keys
from keepfit.store.backends.objects import Exists, Unknown
from keepfit.store.log.tape import Log
from keepfit.store.registry import Registry

MODEL = "fare"
STRANGER = f"{keys.versions(MODEL)}/notes.txt"  # no record explains it
LONGEST = 1500  # requests; a longer schedule has no verdict
FATES = ("lost", "applied", "late", "killed", "repeated", "refused")
START = datetime(2026, 1, 1, tzinfo=UTC)


class TooLong(Exception):
    """A schedule longer than the bound: no verdict."""


class World:
    """Processes, one store, and what may go wrong between them."""

    def __init__(
        self,
        seed: int,
        *,
        faults: int,
        lax: bool = False,
        trace: bool = False,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.chance = random.Random(seed)
        self.seed, self.faults, self.lax = seed, faults, lax
        self.objects: dict[str, bytes] = {STRANGER: b"keep"}
        self.times: dict[str, datetime] = {STRANGER: START}
        self.now = START
        self.late: list[Callable[[], None]] = []
        self.requests = 0
        self.trace: list[tuple[str, ...]] | None = [] if trace else None
        self.trainers = 0
        self.acknowledged: list[str] = []  # operations
        self.spec, self.log = Spec(without=without), Log(MODEL)
        self._away = self.chance.choice([0, 0, 0.8, 0.95])  # how likely it is to go on with one
        self._last: Process | None = None
        self._started = 0

    # --- processes -------------------------------------------------------------------------------

    def registry(self, who: str) -> Registry:
        """The store as a new process sees it, with a clock of its own that may be days off."""
        self._started += 1
        chance = random.Random(f"{self.seed} {who} {self._started}")
        skew = timedelta(days=chance.choice([0, 0, -30, 30]))
        return Registry(
            View(self, who),
            clock=lambda: self.now + skew,
            actor=who,
            entropy=chance.randbytes,
            sleep=lambda _: None,
        )

    def run(self, lives: Mapping[str, Callable[[World, str], Any]]) -> int:
        """The requests it took until all came to their end; Violation where a promise broke."""
        self.trainers = sum(name.startswith("T") for name in lives)
        running = {name: self._begin(name, live) for name, live in lives.items()}
        try:
            while running or self.late:
                self._step(running, lives)
        finally:
            for process in running.values():
                turns.kill(process)
        self.check()
        return self.requests

    def _begin(self, name: str, live: Callable[[World, str], Any]) -> Process:
        return Process(name, lambda: live(self, name))

    def _step(self, running: dict[str, Process], lives: Mapping[str, Any]) -> None:
        number = self.chance.randrange(len(running) + len(self.late))
        if number >= len(running):
            self.late.pop(number - len(running))()
            return
        process = self._next(list(running.values()), number)
        self.now += timedelta(seconds=self.chance.choice([0, 1, 60]))
        turns.go_on(process)
        if self.requests > LONGEST:
            raise TooLong
        if not process.done:
            return
        del running[process.name]
        if isinstance(process.error, Killed):
            running[process.name] = self._begin(process.name, lives[process.name])
        elif process.error:
            raise process.error

    def _next(self, processes: list[Process], number: int) -> Process:
        if self._last not in processes or self.chance.random() >= self._away:
            self._last = processes[number]
        return self._last  # type: ignore[return-value]

    # --- the store -------------------------------------------------------------------------------

    def ask(self, who: str, what: str, key: str) -> None:
        """A process's turn for one request."""
        turns.take()
        self.requests += 1
        if self.trace is not None:
            self.trace.append((who, what, key))

    def write(self, who: str, what: str, key: str, apply: Callable[[], None]) -> None:
        """One request that changes something, and what the network makes of it."""
        self.ask(who, what, key)
        fate = self._fate(what)
        if self.trace is not None:
            self.trace.append((who, "fate", fate))
        if fate == "late":
            self.late.append(lambda: self._land(apply))
        if fate in ("ok", "applied", "repeated") or (
            fate == "killed" and self.chance.random() < 0.5
        ):
            apply()
        if fate == "killed":
            turns.die()
        if fate in ("repeated", "refused"):
            raise Exists(key)
        if fate != "ok":
            raise Unknown(key)

    def _fate(self, what: str) -> str:
        if not self.faults or self.chance.random() > 0.15:
            return "ok"
        self.faults -= 1
        return self.chance.choice(FATES if what == "create" else FATES[:4])

    def _land(self, apply: Callable[[], None]) -> None:
        with contextlib.suppress(Exists):  # somebody was quicker
            apply()

    def put(self, key: str, data: bytes, *, if_absent: bool) -> None:
        """The object as a strict store takes it, and what must hold from then on."""
        if if_absent and key in self.objects and not self.lax:
            raise Exists(key)
        before = self.objects.get(key)
        self.objects[key], self.times[key] = data, self.now
        if keys.seq_of(key) is not None and key.startswith(keys.log_folder(MODEL)):
            self._record(key, data, before)
        elif before not in (None, data) and key.startswith(f"{keys.versions(MODEL)}/"):
            raise Violation(f"{key} was written twice")

    def drop(self, key: str) -> None:
        """The object is gone."""
        gone = self.objects.pop(key, None)
        self.times.pop(key, None)
        if gone is None:
            return
        if key.startswith(keys.log_folder(MODEL)):
            raise Violation(f"{key}, a record of the log, was deleted")
        for version, held in self.spec.versions.items():
            folder = keys.version_folder(MODEL, version, held["attempt"])
            needed = held["status"] != "purged" and key not in _gone(folder, held)
            if needed and key.startswith(folder):
                raise Violation(f"{key} of {version}, which is {held['status']}, was deleted")

    # --- what must hold --------------------------------------------------------------------------

    def _record(self, key: str, data: bytes, before: bytes | None) -> None:
        if before not in (None, data):
            raise Violation(f"{key}, a slot of the log, changed")
        if before == data:
            return
        if keys.seq_of(key) != self.spec.records:
            raise Violation(f"{key} leaves a hole: the log has {self.spec.records} records")
        counts = self.spec.take(data)
        self.log = self.log.taking(data)
        void = self.log.state.entries[-1].void
        if counts == (void is not None):
            raise Violation(f"{key} counts: {counts} by the spec, {void} by the product")
        if differs := self.spec.disagreement(self.log.state):
            raise Violation(differs)
        self._nothing_half(json.loads(data)["k"])

    def _nothing_half(self, kind: str) -> None:
        for version, _ in self.spec.stages.values():
            if self.spec.versions[version]["status"] != "live":
                raise Violation(f"a stage points at {version}, which is not live")
        if kind in ("publish", "untombstone", "reduce", "restore"):
            for version, held in self.spec.versions.items():
                if held["status"] != "purged":
                    self._complete(version, held)

    def _complete(self, version: str, held: dict[str, Any]) -> None:
        folder = keys.version_folder(MODEL, version, held["attempt"])
        manifest = self.objects.get(f"{folder}/{keys.MANIFEST}", b"")
        if sha256(manifest) != held["manifest"]:
            raise Violation(f"{version} is half visible: its manifest is not there")
        for file in json.loads(manifest)["files"]:
            if file["path"] in held.get("gone", []):
                continue
            if sha256(self.objects.get(f"{folder}/{file['path']}", b"")) != file["sha256"]:
                raise Violation(f"{version} is half visible: {file['path']} is not there")

    def check(self) -> None:
        """What was acknowledged is there, once."""
        for op in self.acknowledged:
            if op not in self.spec.ops:
                raise Violation(f"{op} was acknowledged and is not in the log")
        if len(self.spec.claims) > self.trainers:
            raise Violation(f"{self.trainers} trainers claimed {sorted(self.spec.claims)}")

    def nothing_is_left_over(self) -> None:
        """Of all the files of attempts, those are there that versions need."""
        left = {key for key in self.objects if key.startswith(f"{keys.versions(MODEL)}/")}
        for version, held in self.spec.versions.items():
            if held["status"] != "purged":
                folder = keys.version_folder(MODEL, version, held["attempt"])
                kept = {key for key in left if key.startswith(f"{folder}/")}
                left -= kept - _gone(folder, held)
        if left != {STRANGER} & set(self.objects):
            raise Violation(f"{sorted(left)} are left after all collections")
        if STRANGER not in self.objects:
            raise Violation("what no record explains was deleted")


class View:
    """The store as one process sees it through the network."""

    def __init__(self, world: World, who: str) -> None:
        self._world, self._who = world, who

    def get(self, key: str) -> bytes | None:
        self._world.ask(self._who, "get", key)
        return self._world.objects.get(key)

    def size(self, key: str) -> int | None:
        self._world.ask(self._who, "size", key)
        data = self._world.objects.get(key)
        return None if data is None else len(data)

    def modified(self, key: str) -> datetime | None:
        self._world.ask(self._who, "modified", key)
        return self._world.times.get(key)

    def now(self) -> datetime:
        self._world.ask(self._who, "now", "")
        return self._world.now

    def create(self, key: str, data: bytes) -> None:
        put = self._world.put
        self._world.write(self._who, "create", key, lambda: put(key, data, if_absent=True))

    def advise(self, key: str, data: bytes) -> None:
        put = self._world.put
        with contextlib.suppress(StoreError):  # nobody is told where advice cannot be written
            self._world.write(self._who, "put", key, lambda: put(key, data, if_absent=False))

    def write(self, prefix: str, files: Mapping[str, bytes]) -> None:
        for name, data in files.items():
            self.create(f"{prefix}/{name}", data)

    def upload(self, key: str, source: Path) -> Digest:
        data = source.read_bytes()
        self.create(key, data)
        return sha256(data)

    def keys(self, prefix: str) -> Iterator[str]:
        self._world.ask(self._who, "list", prefix)
        yield from sorted(key for key in self._world.objects if key.startswith(f"{prefix}/"))

    def folders(self, prefix: str) -> list[str]:
        rests = (key.removeprefix(f"{prefix}/") for key in self.keys(prefix))
        return sorted({rest.partition("/")[0] for rest in rests if "/" in rest})

    def delete(self, key: str) -> None:
        self._world.write(self._who, "delete", key, lambda: self._world.drop(key))


def _gone(folder: str, held: dict[str, Any]) -> set[str]:
    """The files that a version goes without while only its recipe is kept."""
    return {f"{folder}/{path}" for path in held.get("gone", [])}


def again(world: World, who: str, command: Callable[[Registry], Any]) -> Any:
    """What the command answers, run again as often as its process is told that it failed."""
    while True:
        try:
            return command(world.registry(who))
        except (Conflict, Corrupt):
            raise
        except StoreError:
            continue
