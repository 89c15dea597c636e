"""T5 and T7: kill -9 at a system call of everything that writes, and again while that is made good;
and system calls that fail as a full, a dying or a forbidden disk would have them.

The quick suite takes a sample; `make soak` takes every call, and KEEPFIT_KILLS of them in all.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil

import pytest
from deeds import DEEDS, MODEL, check, opened, two_versions
from tracing import failing_at, killed_at, may_trace, points

from keepfit.store.backends import disk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not may_trace(), reason="needs strace, and the right to trace"),
    pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name),
]
KILLS = int(os.environ.get("KEEPFIT_KILLS", "10000"))
SAMPLE = 12  # kills a deed in the quick suite
ERRORS = {
    "ENOSPC": ("openat", "write", "fsync", "link", "mkdir"),
    "EIO": ("openat", "read", "write", "fsync", "link", "unlink", "mkdir", "getdents64"),
    "EMFILE": ("openat",),
    "EINTR": ("openat", "read", "write", "fsync", "close"),
    "EACCES": ("openat", "link", "unlink", "mkdir", "newfstatat"),
}
DOCUMENTED = {0, 3, 4, 6}  # done, refused, the store could not, nobody can say


@pytest.fixture(autouse=True)
def in_turns(monkeypatch):
    """What waits for the disk side by side, in one thread: strace counts the calls of each."""
    monkeypatch.setattr(disk, "_AT_ONCE", 1)


@pytest.fixture
def start(deed, tmp_path):
    """A store as the deed finds it."""
    folder = tmp_path / "start"
    two_versions(folder)
    deed.before(opened(folder))
    return folder


@pytest.fixture
def again(start, tmp_path):
    """A new copy of it."""
    numbers = itertools.count()

    def copied():
        copy = tmp_path / f"{next(numbers)}"
        shutil.copytree(start, copy)
        return copy

    return copied


def acting(deed, folder):
    return lambda: deed.act(opened(folder))


def make_good(deed, folder):
    """Begun again, the deed is done."""
    deed.act(opened(folder))
    check(folder, deed)
    assert deed.done(opened(folder).state(MODEL))
    shutil.rmtree(folder)


def told_the_truth(deed, folder, ended):
    """What is there is whole, and what was acknowledged is there."""
    check(folder, deed)
    if ended.code == 0:
        assert deed.done(opened(folder).state(MODEL)), "it was acknowledged, and is not there"


def kill_and_make_good(deed, folder, point, second=None):
    """Whether the deed came to that call."""
    ended = killed_at(point, acting(deed, folder))
    assert ended.code in (None, 0), ended.said
    told_the_truth(deed, folder, ended)
    if second:
        told_the_truth(deed, folder, killed_at(second, acting(deed, folder)))
    make_good(deed, folder)
    return ended.injected


def test_whoever_is_killed_leaves_nothing_half_done_and_the_rerun_finishes(deed, again):
    chance = random.Random(f"kill {deed.name}")
    calls = points(acting(deed, again()))
    some = chance.sample(calls, min(SAMPLE, len(calls)))
    killed = [kill_and_make_good(deed, again(), p, second=chance.choice(calls)) for p in some]
    print(f"{deed.name}: {len(calls)} system calls, killed at {sum(killed)} of {some}")
    assert sum(killed) >= SAMPLE - 2  # a call more or less, with the clock


@pytest.mark.soak
def test_whoever_is_killed_at_any_call_leaves_nothing_half_done(deed, again):
    chance, killed, twice = random.Random(0), 0, False
    calls = points(acting(deed, again()))
    while killed < KILLS / len(DEEDS):
        for point in calls:
            second = chance.choice(calls) if twice else None
            killed += kill_and_make_good(deed, again(), point, second) + twice
        twice = True
    print(f"{deed.name}: {len(calls)} calls, {killed} kill points, 0 half visible, 0 lost")


def fail_and_make_good(deed, folder, point, error):
    """Whether the deed came to that call; it ends as documented."""
    ended = failing_at(point, error, acting(deed, folder))
    assert ended.code in DOCUMENTED, f"{error} at {point}: {ended.said}"
    told_the_truth(deed, folder, ended)
    make_good(deed, folder)
    return ended.injected


def test_what_the_system_refuses_ends_as_documented_and_leaves_a_whole_store(deed, again):
    chance = random.Random(f"fail {deed.name}")
    for error, calls in ERRORS.items():
        some = chance.sample(points(acting(deed, again()), calls), 2)
        failed = [fail_and_make_good(deed, again(), point, error) for point in some]
        print(f"{deed.name}: {error} at {some}")
        assert any(failed)


@pytest.mark.soak
def test_whatever_the_system_refuses_ends_as_documented(deed, again):
    failed = 0
    for error, calls in ERRORS.items():
        for point in points(acting(deed, again()), calls):
            failed += fail_and_make_good(deed, again(), point, error)
    print(f"{deed.name}: {failed} calls failed, 0 corrupt states, exit codes as documented")
