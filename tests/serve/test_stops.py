"""H6: a server that is told to stop answers what it has taken, and ends with 0."""

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO, StringIO

import pytest
from load import Load

from keepfit.config.schema.serving import Serve
from keepfit.names import Reference
from keepfit.serve.follow import Stage
from keepfit.serve.server import Process, World, run
from keepfit.serve.workers import listening

STAGES = ("development", "staging", "production")
LONGEST = 25.0  # seconds in which it must have ended


def check(load):
    assert load.lost == []
    assert load.statuses == {200}


def test_sigterm_under_load_loses_no_request(taxi, serve):
    for workers in ("1", "1", "2"):
        serving = serve(taxi, "fare@production", "--workers", workers)
        with Load(serving.port, rate=300) as load:
            serving.until(lambda: load.answers > 50, "the load")
            begun = time.monotonic()
            assert serving.stop() == 0
            took = time.monotonic() - begun
        check(load)
        assert took < LONGEST
        assert "Traceback" not in serving.said


@dataclass
class Inside:
    """The serving process as a thread of this one, for as many stops as one likes."""

    taxi: object
    errors: StringIO = field(default_factory=StringIO)

    def __enter__(self):
        stage = Stage(
            self.taxi.registry(), Reference.parse("fare@production"), STAGES, self.taxi.root
        )
        world = World(access=BytesIO(), errors=self.errors, signals=False)
        process = Process({"fare": stage}, Serve(host="127.0.0.1", port=0), world)
        socket = listening("127.0.0.1", 0)
        self.port, ready = socket.getsockname()[1], threading.Event()
        alive, self._told = os.pipe()
        work = process.run(socket, up=ready.set, alive=alive)
        self._thread = threading.Thread(target=run, args=(work,))
        self._thread.start()
        assert ready.wait(60)
        self._alive = alive
        return self

    def stop(self):
        """Seconds until it has ended."""
        begun = time.monotonic()
        os.close(self._told)
        self._thread.join(60)
        assert not self._thread.is_alive()
        os.close(self._alive)
        return time.monotonic() - begun

    def __exit__(self, *_):
        with suppress(OSError):
            self.stop()


@pytest.mark.soak
def test_a_thousand_stops_under_load(taxi):
    number = int(os.environ.get("KEEPFIT_STOPS", "1000"))
    answers, untaken, seconds, begun = 0, 0, [], time.monotonic()
    for _ in range(number):
        with Inside(taxi) as inside, Load(inside.port, rate=500) as load:
            while load.answers < 30:
                time.sleep(0.002)
            seconds.append(inside.stop())
        check(load)
        assert "Traceback" not in inside.errors.getvalue()
        answers += load.answers
        untaken += len(load.untaken)
    print(
        f"\nstops: {number} in {time.monotonic() - begun:.0f} s, 500 requests/s over 4 connections "
        f"before each: {answers:,} answers, 0 requests lost, {untaken} not taken; "
        f"ended after {sorted(seconds)[number // 2]:.2f} s (median), {max(seconds):.2f} s at most"
    )
    assert max(seconds) < LONGEST
