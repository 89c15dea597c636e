"""kill -9 before every single thing that a writer does to the disk."""

import itertools
import os
import sys
from datetime import UTC, datetime
from functools import partial

import pytest

from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

TOUCHES = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.listdir", "os.scandir"}
KILLED = 9


def die_at(number, folder):
    """End this process, as kill -9 does, before the touch of the folder with this number."""
    left = itertools.count(number, -1)
    real = os.fsync

    def look(event, arguments):
        if event in TOUCHES and str(folder) in str(arguments[0]) and next(left) == 0:
            os._exit(KILLED)

    def fsync(descriptor):
        if next(left) == 0:
            os._exit(KILLED)
        real(descriptor)

    os.fsync = fsync
    sys.addaudithook(look)


def killed_at(number, folder, act):
    """Whether the act was killed; False once it does fewer things than `number`."""
    child = os.fork()
    if not child:
        try:
            die_at(number, folder)
            act()
            os._exit(0)
        except BaseException:  # noqa: BLE001 a child must never come back into pytest
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


def opened(folder):
    return Registry(LocalStore(folder), clock=lambda: datetime.now(UTC), actor="ann")


def publish_and_promote(registry, writing):
    version = writing.publish(registry, "op")
    held = registry.state("fare").stages.get("staging")
    if held is None:
        registry.promote("fare", version, "staging", expect=None, how="gate")


def test_nothing_is_ever_half_visible_and_a_rerun_finishes_the_work(tmp_path, writing):
    for number in itertools.count():
        folder = tmp_path / str(number)
        killed = killed_at(number, folder, partial(publish_and_promote, opened(folder), writing))
        state = opened(folder).state("fare")
        assert not any(entry.void for entry in state.entries)
        for version in state.versions:
            assert opened(folder).files("fare", version) == writing.FILES
        publish_and_promote(opened(folder), writing)
        state = opened(folder).state("fare")
        assert list(state.versions) == ["1.0.0-aff1242"]
        assert [p.version for p in state.past["staging"]] == ["1.0.0-aff1242"]
        if not killed:
            break
    assert number > 50
