"""Real processes that write to one folder at once."""

import os
import subprocess
import sys
import time

import pytest

from keepfit.errors import Conflict
from keepfit.names import Version
from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry

WRITERS, EACH = 8, 5


def race(folder, writing, writers, rounds):
    """What the writers were told they had published, and how often each try at it was lost."""
    running = [
        subprocess.Popen(
            [sys.executable, writing.script, folder, f"writer{number}", str(rounds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(writers)
    ]
    answers = [process.communicate() for process in running]
    assert [err for _, err in answers if err] == []
    lines = [line.split() for out, _ in answers for line in out.splitlines()]
    return [version for version, _ in lines], [int(lost) for _, lost in lines]


def check_race(folder, writing, registry, writers, rounds):
    told, lost = race(folder, writing, writers, rounds)
    state = registry.state("fare")
    numbers = sorted(Version.parse(version) for version in told)
    assert numbers == [Version(1, 0, patch) for patch in range(writers * rounds)]
    assert sorted(state.versions) == sorted(told)
    assert state.next == 2 * writers * rounds
    assert not state.void
    assert list((folder / "tmp").iterdir()) == []
    for version in told[:: max(1, len(told) // 1000)]:
        assert registry.files("fare", version) == writing.FILES
    return lost


@pytest.mark.skipif(sys.platform == "win32", reason="needs the same start for all")
def test_racing_writers_get_consecutive_numbers_and_lose_none(folder, writing, registry):
    check_race(folder, writing, registry, WRITERS, EACH)


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="needs the same start for all")
def test_sixty_four_writers_publish_a_thousand_versions_each(folder, writing, registry):
    writers, rounds = 64, 1000
    start = time.monotonic()
    lost = sorted(check_race(folder, writing, registry, writers, rounds))
    print(
        f"T4 local: {writers} processes x {rounds:,} publishes, {len(lost):,} consecutive numbers, "
        f"0 lost, 0 double; {len(lost) / (time.monotonic() - start):,.0f} versions/s; "
        f"places lost on the way to one: median {lost[len(lost) // 2]}, "
        f"99 of 100 at most {lost[len(lost) * 99 // 100]}"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_of_many_who_promote_at_once_one_wins(folder, writing, registry, open_registry):
    versions = [writing.publish(registry, f"op-{n}") for n in range(6)]
    ready, go = os.pipe()
    children = []
    for version in versions:
        child = os.fork()
        if not child:
            os._exit(_promote(folder, version, ready, go))
        children.append(child)
    os.close(go)  # all wait at the other end of the pipe
    codes = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    os.close(ready)
    assert codes == [0] + [3] * 5
    assert len(open_registry().state("fare").past["production"]) == 1


def _promote(folder, version, ready, go):
    from datetime import UTC, datetime

    try:
        registry = Registry(LocalStore(folder), clock=lambda: datetime.now(UTC), actor=version)
        registry.state("fare")
        os.close(go)
        os.read(ready, 1)
        registry.promote("fare", version, "production", expect=None, how="gate")
    except Conflict:
        return 3
    except BaseException:  # noqa: BLE001 a child must never come back into pytest
        return 1
    return 0
