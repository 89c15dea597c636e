"""Requests that wait are predicted together; more than can be answered in time are turned away.

The compiled path answers within the tick of the event loop in which requests came. The exact
pipeline has a thread of its own: what comes while it is busy waits, and is then one prediction.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

from keepfit.serve.answer import Predicted
from keepfit.serve.door.rows import Rows
from keepfit.serve.served import Served

MOST_TOGETHER = 4096  # rows of one prediction, so that none waits for very many others
_REMEMBERED = 101  # predictions whose time is remembered


@dataclass(slots=True)
class Job:
    """A request's rows, and whom to tell what is said of them."""

    served: Served
    rows: Rows
    done: Callable[[Predicted | BaseException], None]


@dataclass(slots=True)
class Joiner:
    """What waits to be predicted, in one process."""

    deadline: float  # seconds in which a request must be answered
    loop: asyncio.AbstractEventLoop
    clock: Callable[[], float] = perf_counter
    _quick: list[Job] = field(default_factory=list)
    _waiting: deque[Callable[[], Callable[[], None]]] = field(default_factory=deque)
    _joined: deque[Job] = field(default_factory=deque)
    _busy: bool = False
    _turn: bool = True  # whether what is joined goes before what is alone
    _took: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="keepfit-predict")
    )

    @property
    def wait(self) -> float:
        """Seconds that a request which came now would wait and take, as far as one can tell."""
        usual = median(self._took) if self._took else 0.0
        return usual * (self._ahead + 1)

    @property
    def pressed(self) -> bool:
        """Whether one more would not be answered in time.

        Where nothing is ahead of it, it is tried: the slow ones that are remembered would never be
        forgotten if none came after them.
        """
        return bool(self._took and self._ahead) and self.wait > self.deadline

    @property
    def _ahead(self) -> int:
        """Predictions that would be made before another one."""
        rows = sum(len(job.rows) for job in self._joined)
        return self._busy + len(self._waiting) + -(-rows // MOST_TOGETHER)

    def add(self, job: Job) -> None:
        """Predict its rows with those that wait; `done` is called on the loop."""
        if job.served.quick(job.rows):
            if not self._quick:
                self.loop.call_soon(self._answer_quick)
            self._quick.append(job)
            return
        if not self._joined:
            self.loop.call_soon(self._next)
        self._joined.append(job)

    def alone(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do something long in the thread; `done` gets what came of it, or what it raised."""

        def doing() -> Callable[[], None]:
            told = _tried(work)
            return lambda: done(told)

        self._waiting.append(doing)
        self.loop.call_soon(self._next)

    def close(self) -> None:
        """End the thread once it has done what it does."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer_quick(self) -> None:
        jobs, self._quick = self._quick, []
        for same in _by_version(jobs):
            _told(same, same[0].served.predict)

    def _next(self) -> None:
        if self._busy:
            return
        # In turns: a large request must not wait for all small ones, nor they for all large ones.
        joined = self._joined and (self._turn or not self._waiting)
        work = self._together() if joined else self._waiting.popleft() if self._waiting else None
        if work is None:
            return
        self._turn = not joined
        self._busy = True
        self._thread.submit(self._run, work)

    def _together(self) -> Callable[[], Callable[[], None]]:
        """The next prediction of what waits: rows of one version, not too many."""
        first, rows = self._joined[0].served, 0
        jobs: list[Job] = []
        while self._joined and self._joined[0].served is first:
            rows += len(self._joined[0].rows)
            if jobs and rows > MOST_TOGETHER:
                break
            jobs.append(self._joined.popleft())
        return lambda: _predicted(jobs)

    def _run(self, work: Callable[[], Callable[[], None]]) -> None:
        begun = self.clock()
        tell = work()
        took = self.clock() - begun
        self.loop.call_soon_threadsafe(self._finished, tell, took)

    def _finished(self, tell: Callable[[], None], took: float) -> None:
        self._busy = False
        self._took.append(took)
        self._next()  # first, so that the thread works while answers are written
        tell()


def _by_version(jobs: list[Job]) -> list[list[Job]]:
    kinds: dict[int, list[Job]] = {}
    for job in jobs:
        kinds.setdefault(id(job.served), []).append(job)
    return list(kinds.values())


def _told(jobs: Sequence[Job], predict: Callable[[Sequence[tuple[Any, ...]]], Predicted]) -> None:
    """Predict the jobs' rows at once, and tell each its own."""
    if len(jobs) == 1:
        jobs[0].done(_tried(lambda: predict(jobs[0].rows.values)))
        return
    said = _tried(lambda: predict([row for job in jobs for row in job.rows.values]))
    for job, part in zip(jobs, _parts(jobs, said), strict=True):
        job.done(part)


def _predicted(jobs: list[Job]) -> Callable[[], None]:
    """Predict the jobs' rows together; where that fails, each by itself, so that one request's
    rows do no harm to another's."""
    exactly = jobs[0].served.predict_exactly
    said: Any = None
    plain = len(jobs) > 1 and all(job.rows.few for job in jobs)
    if plain:
        said = _tried(lambda: exactly(Rows([row for job in jobs for row in job.rows.values])))
    if not plain or isinstance(said, BaseException):
        parts = [_tried(partial(exactly, job.rows)) for job in jobs]
    else:
        parts = _parts(jobs, said)

    def tell() -> None:
        for job, part in zip(jobs, parts, strict=True):
            job.done(part)

    return tell


def _parts(jobs: Sequence[Job], said: Predicted | BaseException) -> list[Any]:
    if isinstance(said, BaseException):
        return [said] * len(jobs)
    parts, start = [], 0
    for job in jobs:
        parts.append(said.part(start, start + len(job.rows)))
        start += len(job.rows)
    return parts


def _tried(work: Callable[[], Any]) -> Any:
    try:
        return work()
    # A panic of polars and the `sys.exit()` of somebody's transform are no Exception; if they ended
    # the thread, nothing would ever be predicted again.
    except BaseException as error:  # noqa: BLE001 it is told to whoever asked, on the loop
        return error
