"""Real processes that write to one folder at once."""

import os
import subprocess
import sys

import pytest

from keepfit.errors import Conflict
from keepfit.names import Version
from keepfit.store.local import LocalStore
from keepfit.store.registry import Registry

WRITERS, EACH = 8, 5


@pytest.mark.skipif(sys.platform == "win32", reason="needs the same start for all")
def test_racing_writers_get_consecutive_numbers_and_lose_none(folder, writing, registry):
    running = [
        subprocess.Popen(
            [sys.executable, writing.script, folder, f"writer{number}", str(EACH)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    answers = [process.communicate(timeout=60) for process in running]
    assert [err for _, err in answers if err] == []
    told = [version for out, _ in answers for version in out.split()]
    state = registry.state("fare")
    numbers = sorted(Version.parse(version) for version in told)
    assert numbers == [Version(1, 0, patch) for patch in range(WRITERS * EACH)]
    assert sorted(state.versions) == sorted(told)
    assert state.next == 2 * WRITERS * EACH
    assert not any(entry.void for entry in state.entries)
    assert list((folder / "tmp").iterdir()) == []
    for version in told:
        assert registry.files("fare", version) == writing.FILES


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
