"""Slow and huge clients, many at once: the server's health and its good clients do not notice."""

import json
import resource
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from raw import PATIENCE, Raw

SCRIPT = Path(__file__).with_name("siege.py")
ROW = b'{"a": 1.5, "b": 2.5, "c": 3.25}'
LAST_WORDS = {"header": 408, "body": 408, "chunks": 413, "bomb": 415}


def side(name, told):
    """One side of the siege, as a process."""
    command = [sys.executable, str(SCRIPT), name, json.dumps(told)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, text=True, bufsize=1, **pipes)


@contextmanager
def serving(limits):
    """The port of a server, and a function that tells its state."""

    def state():
        process.stdin.write("\n")
        return json.loads(process.stdout.readline())

    with side("serve", limits) as process:
        yield int(process.stdout.readline()), state
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


class GoodClients:
    """One that asks for the health with a connection each time, and two that keep theirs."""

    def __init__(self, port):
        self._port, self._over = port, threading.Event()
        self.pings, self.rows, self.failed = [], [], []
        jobs = (self._ping, self._ask, self._ask)
        self._threads = [threading.Thread(target=self._all_the_time, args=(job,)) for job in jobs]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _all_the_time(self, job):
        try:
            job()
        except (AssertionError, OSError) as e:
            self.failed.append(e)

    def _ping(self):
        while not self._over.wait(0.05):
            begun = time.monotonic()
            with Raw(self._port) as client:
                assert client.ask("GET", "/ping").status == 200
            self.pings.append(time.monotonic() - begun)

    def _ask(self):
        with Raw(self._port) as client:
            while not self._over.wait(0.005):
                begun = time.monotonic()
                assert client.ask("POST", "/predict", ROW).status == 200
                self.rows.append(time.monotonic() - begun)


def hold(limits, slow, huge):
    """Holds a siege: the good clients before it and during it, the ends of the bad, the states."""
    with serving({"max_per_address": 10_000, **limits}) as (port, state):
        with GoodClients(port) as before:
            time.sleep(2)
        at_first = state()
        kinds = {"header": slow, "body": slow, "chunks": huge, "bomb": huge}
        with GoodClients(port) as during, side("attack", {"port": port, "kinds": kinds}) as attack:
            ends = json.loads(attack.stdout.readline())
        patience = time.monotonic() + PATIENCE
        while (at_last := state())["connections"] and time.monotonic() < patience:
            time.sleep(0.1)
    assert len(ends) == 2 * (slow + huge)
    return before, during, ends, at_first, at_last


def see_that_all_is_well(during, ends, at_first, at_last, within):
    assert not during.failed
    assert max(during.pings) < 2
    for kind, status, seconds in ends:
        # Who goes on sending may be reset before he reads.
        assert status in ((LAST_WORDS[kind],) if kind == "header" else (LAST_WORDS[kind], 0))
        assert seconds < within
    assert at_last["connections"] == 0
    assert at_last["files"] <= at_first["files"]


def test_slow_and_huge_clients_do_no_harm():
    limits = {"header_seconds": 1.5, "body_grace": 1.0, "linger_seconds": 0.5}
    _, *rest = hold(limits, slow=100, huge=10)
    see_that_all_is_well(*rest, within=15)


def p99(seconds):
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1000


@pytest.mark.soak
def test_slow_and_huge_clients_at_full_size():
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 8192:
        pytest.skip("needs more open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 8192), most))
    before, during, ends, at_first, at_last = hold({}, slow=1000, huge=10)
    last = {kind: max(s for k, _, s in ends if k == kind) for kind in LAST_WORDS}
    print(
        f"\nsiege: 1000 slow headers, 1000 slow bodies, 10 endless chunks, 10 bombs: "
        f"{len(during.pings)} pings, slowest {max(during.pings):.3f} s; {len(during.rows)} rows, "
        f"{len(during.failed)} failed, p99 {p99(during.rows):.1f} ms (quiet "
        f"{p99(before.rows):.1f} ms); the last of each kind gone after "
        + ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in last.items())
        + f"; memory {at_first['memory'] / 2**20:.0f} -> {at_last['memory'] / 2**20:.0f} MiB, "
        f"files {at_first['files']} -> {at_last['files']}"
    )
    see_that_all_is_well(during, ends, at_first, at_last, within=40)
