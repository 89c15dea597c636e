"""H5: a process that is killed costs the requests on it, and nothing else."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from load import Load

CLIENTS = 4


def children_of(pid):
    return {int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def kill_one(serving, chance):
    """Seconds from the death of a process until another is in its place, and says so."""
    parent = serving.process.pid
    before = children_of(parent)
    dies, told = chance.choice(sorted(before)), serving.said.count(" is ready")
    begun = time.monotonic()
    os.kill(dies, signal.SIGKILL)
    serving.until(lambda: serving.said.count(" is ready") > told, "another process")
    assert len(children_of(parent)) == len(before)
    return time.monotonic() - begun


def check(load, kills):
    assert {status for status, *_ in load.told} == {200}
    assert len(load.lost + load.untaken) <= kills * CLIENTS
    for how in load.lost + load.untaken:
        assert "the connection ended within an answer" in how or "reset" in how.lower(), how


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads what Linux tells")
def test_a_process_that_is_killed_costs_only_the_requests_on_it(taxi, serve):
    serving = serve(taxi, "fare@production", "--workers", "2")
    with Load(serving.port, rate=200, clients=CLIENTS) as load:
        for _ in range(2):
            kill_one(serving, random.Random(5))
    check(load, 2)
    assert load.answers > 100
    assert serving.stop() == 0


@pytest.mark.soak
def test_processes_are_killed_all_the_time(taxi, serve):
    kills = int(os.environ.get("KEEPFIT_KILLS", "120"))
    pause = float(os.environ.get("KEEPFIT_KILL_EVERY", "5"))
    serving = serve(taxi, "fare@production", "--workers", "2", "--no-access-log")
    chance, back = random.Random(7), []
    with Load(serving.port, rate=500, clients=CLIENTS) as load:
        begun = time.monotonic()
        for _ in range(kills):
            back.append(kill_one(serving, chance))
            time.sleep(max(0.0, pause - back[-1]))
        took = time.monotonic() - begun
    back.sort()
    print(
        f"\nkilled: {kills} times in {took:.0f} s under {load.answers / took:.0f} requests/s over "
        f"{CLIENTS} connections: {load.answers:,} answers, {len(load.lost + load.untaken)} lost, "
        f"statuses {sorted(load.statuses)}; another is ready after {back[len(back) // 2]:.2f} s "
        f"(median), {back[-1]:.2f} s at most; slowest answer {load.slowest:.2f} s"
    )
    check(load, kills)
    assert serving.stop() == 0
