"""A rival of a benchmark: a process that does what it is asked and tells how long each took."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def answer_all(open_rival: Callable[[], object]) -> None:
    """Answer each line `["publish", 50]`: that method, so many times; wall and CPU seconds each.

    The rival is opened by the first request, so that many processes may be let go at once.
    """
    _say("ready")
    rival = None
    for line in sys.stdin:
        what, count = json.loads(line)
        rival = rival or open_rival()
        work = getattr(rival, what)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        _say([wall / count, cpu / count])


def _say(answer: object) -> None:
    print(json.dumps(answer), flush=True)
