"""The power goes, at any moment, with whatever the disk had not written down: what was
acknowledged is there when it is back, nothing is half there, and the same commands run again
finish the work.

Each moment is a state of `disks.Disk` after one of the driver's system calls; the full size is
`make soak` with KEEPFIT_DISK_STATES=1000000.
"""

from __future__ import annotations

import itertools
import os
import random
from datetime import UTC, datetime

import pytest
from disks import Disk, Folder, in_place_of_os, keeping
from story import WRITING
from turns import Process, go_on, take

from keepfit.errors import KeepfitError
from keepfit.store import format as mark
from keepfit.store import keys
from keepfit.store.backends import disk as disk_module
from keepfit.store.backends import folders, local
from keepfit.store.backends.folders import Folders
from keepfit.store.backends.local import LocalStore
from keepfit.store.log import shortcut
from keepfit.store.registry import Registry

pytestmark = pytest.mark.slow

ROOT = "/srv/store"
FILES = {"model.json": b"w" * 1200, "evidence.json": b"{}", "code/features.py": b"x = 1\n"}
SEEDS = 40
FIRST, SECOND = "1.0.0-aff1242", "1.0.1-aff1242"
STATES = int(os.environ.get("KEEPFIT_DISK_STATES", "1000000"))


class Machine:
    """A computer whose disk may be looked at as it would be after a power loss."""

    def __init__(self, monkeypatch):
        self.disk = Disk()
        modules = [local, folders, disk_module]
        in_place_of_os(monkeypatch, modules, lambda: self.disk)
        # What is brought down side by side, in turns here: each state between two of them is seen.
        monkeypatch.setattr(disk_module, "_AT_ONCE", 1)
        # So that both come to the end of a folder of the log, and go on in the next.
        monkeypatch.setattr(keys, "_RECORDS_A_FOLDER", 2)
        self.reset()

    def reset(self, forgets=lambda _: False):
        """A new disk with nothing but the folder /srv on it."""
        others = {"home": Folder()}
        root = {"srv": Folder(others, others.copy())}
        self.disk = Disk(Folder(root, root.copy()), lambda *_: take())
        self.disk.forgets = forgets
        self.acknowledged = []

    def registry(self, who, seed=0):
        entropy = random.Random(f"{who}{seed}").randbytes
        return Registry(
            LocalStore(ROOT, entropy=entropy),
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            actor=who,
            entropy=entropy,
            sleep=lambda _: None,
        )

    def look(self, disk, seed=0):
        """Why what lies on `disk` breaks a promise, or None. The work is then done again."""
        here, self.disk = self.disk, disk
        try:
            self._kept(self.registry("reader"))
            for who, work in WORK.items():
                for step in work:
                    step(self.registry(who, seed=f"again{seed}"))
            return self._whole(self.registry("reader"))
        except (KeepfitError, AssertionError, KeyError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            self.disk = here

    def _kept(self, reader):
        state = reader.state("fare")
        for what, fact in self.acknowledged:
            if what == "marked":
                assert reader._objects.get(keys.FORMAT) == fact, "it is another store"
            elif what == "begun":
                assert fact.version in [claim.version for claim in state.claims.values()]
            elif what == "published":
                assert fact in state.versions, f"{fact} was acknowledged and is gone"
            else:
                past = [p.version for p in state.past.get("staging", [])]
                assert fact in past, f"{fact} was promoted and is not"
        for version in state.versions:
            assert reader.files("fare", version) == FILES

    def _whole(self, reader):
        state = reader.state("fare")
        assert sorted(state.versions) == [FIRST, SECOND]
        assert state.stages["staging"].version in (FIRST, SECOND)
        for version in state.versions:
            assert reader.files("fare", version) == FILES


def marking(registry):
    registry._drive(mark.ensure(registry._entropy))
    return ("marked", registry._objects.get(keys.FORMAT))


def beginning(op):
    return lambda registry: ("begun", WRITING["begin"](registry, op))


def publishing(op):
    return lambda registry: ("published", WRITING["publish"](registry, op, files=FILES))


def promoting(op):
    def promote(registry):
        state = registry.state("fare")
        version = next(v for v, held in state.versions.items() if held.op == op)
        held = state.stages.get("staging")
        if version not in [p.version for p in state.past.get("staging", [])]:
            expect = held.seq if held else None
            registry.promote("fare", version, "staging", expect=expect, how="gate")
        return ("promoted", version)

    return promote


WORK = {
    "eve": [marking],  # before the others
    "ann": [beginning("op-a"), publishing("op-a"), promoting("op-a")],
    "bob": [beginning("op-b"), publishing("op-b"), promoting("op-b")],
}


def at_every_moment(machine, who_next, *, seed=0, forgets=lambda _: False):
    """Run the work of both, yielding after each system call."""
    machine.reset(forgets)

    def work(who):
        registry = machine.registry(who, seed)
        for step in WORK[who]:
            tries = itertools.count()
            while True:
                try:
                    machine.acknowledged.append(step(registry))
                    break
                except KeepfitError:  # the other one was quicker
                    assert next(tries) < 5

    running = [Process(who, lambda who=who: work(who)) for who in WORK]
    while left := [process for process in running if not process.done]:
        go_on(left[0] if left[0].name == "eve" else who_next(left))
        yield
    assert [process.error for process in running] == [None] * 3


def first_come(left):
    return left[0]


def by_chance(seed):
    """Now one and now the other; in some runs one of them is away for long."""
    chance = random.Random(seed)
    stay, last = chance.choice([0, 0.5, 0.9, 0.98]), [None]

    def choose(left):
        if last[0] not in left or chance.random() >= stay:
            last[0] = chance.choice(left)
        return last[0]

    return choose


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


@pytest.fixture
def checkpoints(monkeypatch):
    """Every few records; no promise rests on them, so none of their fsyncs is needed."""
    monkeypatch.setattr(shortcut, "EVERY", 3)
    monkeypatch.setattr(shortcut, "_LONGEST", 6)


def nothing():
    return False


def states(machine, seeds, each):
    """How many disk states were looked at, and how many of them were different ones."""
    seen, count = set(), 0
    for seed in seeds:
        for _ in at_every_moment(machine, by_chance(seed), seed=seed):
            for number in range(each):
                kept = keeping(f"{seed} {count} {number}") if number else nothing
                found = machine.disk.after_power_loss(kept)
                count += 1
                key = hash((found.contents(), len(machine.acknowledged)))
                if key not in seen:
                    seen.add(key)
                    wrong = machine.look(found, seed)
                    assert wrong is None, f"seed {seed}, state {count}: {wrong}"
    return count, len(seen)


def test_no_power_loss_loses_what_was_acknowledged_or_shows_half_of_anything(machine, checkpoints):
    count, different = states(machine, range(SEEDS), each=1)
    print(f"seeds 0-{SEEDS - 1}: {count} disk states, {different} different")
    assert different > 500


@pytest.mark.soak
def test_no_power_loss_of_a_million(machine, checkpoints):
    count, different, seeds = 0, 0, itertools.count()
    while count < STATES:
        more, new = states(machine, [next(seeds)], each=50)
        count, different = count + more, different + new
    print(f"{count} disk states, {different} different, seeds 0-{next(seeds) - 1}: 0 violations")


def test_each_single_fsync_is_needed(machine, monkeypatch):
    """Without any one of them, some power loss at some moment breaks a promise."""
    monkeypatch.setattr(Folders, "sync_seen", lambda _: None)  # that takes two: see below
    asked = []

    def note(path):
        asked.append(path)
        return False

    for _ in at_every_moment(machine, first_come, forgets=note):
        pass
    needless = [path for number, path in enumerate(asked) if not breaks(machine, number)]
    print(f"{len(asked) - len(needless)} of {len(asked)} fsyncs caught; not: {needless}")
    assert needless == []


def test_what_was_read_must_be_down_before_anything_follows_from_it(machine, monkeypatch):
    monkeypatch.setattr(Folders, "sync_seen", lambda _: None)
    with pytest.raises(AssertionError, match="is missing, later records are there"):
        states(machine, range(600), each=1)


def breaks(machine, number):
    """Whether something is amiss where the fsync with this number did nothing."""
    asked, checked, wrong = [], 0, None

    def forgets(path):
        asked.append(path)
        return len(asked) == number + 1

    for _ in at_every_moment(machine, first_come, forgets=forgets):
        if wrong is None and len(asked) > number and len(machine.acknowledged) > checked:
            checked = len(machine.acknowledged)
            wrong = machine.look(machine.disk.after_power_loss(nothing))
    return wrong is not None
