"""Training in a process of its own: pinned, started early, reused, and always ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from keepfit.errors import SystemFailure
from keepfit.train.pins import pinned_environ

if TYPE_CHECKING:  # the process starts before its parent has imported what the two say
    from keepfit.train.job import Fit, Job
    from keepfit.train.wire import Answer

_LAST_WORDS = 12  # lines of stderr that are told of a process that died


def to_stderr(line: str) -> None:
    """Pass on what the training process prints."""
    sys.stderr.write(line)


class Trainer:
    """Pinned processes that train, one for each number of threads that models ask for."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        hear: Callable[[str], None] = to_stderr,
        python: Sequence[str] = (sys.executable,),
        pins: Mapping[str, str] | None = None,
    ) -> None:
        """`python` is the command that starts the interpreter; `pins` stand for today's own."""
        self._environ, self._hear = environ, hear
        self._python, self._pins = python, pins or {}
        self._workers: dict[int, Worker] = {}

    def start(self, threads: int = 1) -> None:
        """Start the process without waiting for it, so that it gets ready while others work."""
        self._worker(threads)

    def train(self, job: Job) -> Running:
        """Begin a training; jobs of as many threads wait for each other."""
        worker = self._worker(job.threads)
        return Running(worker, worker.ask(job), job.model)

    def close(self) -> None:
        """End every process, whatever it is doing."""
        while self._workers:
            self._workers.popitem()[1].end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _worker(self, threads: int) -> Worker:
        known = self._workers.get(threads)
        if known is None or not known.alive:
            if known is not None:
                known.end()
            environ = {**pinned_environ(self._environ, threads), **self._pins}
            self._workers[threads] = Worker(environ, self._hear, self._python)
        return self._workers[threads]


@dataclass(frozen=True, slots=True)
class Running:
    """A training under way."""

    worker: Worker
    number: int
    model: str

    def result(self) -> Fit:
        """What it made; raises what it raised, SystemFailure where its process died."""
        from keepfit.train.wire import Done, revived

        answer = self.worker.answer(self.number, self.model)
        if isinstance(answer, Done):
            return answer.fit
        raise revived(answer, self.model)


class Worker:
    """One process, the jobs it was given, and what it has answered."""

    def __init__(
        self,
        environ: Mapping[str, str],
        hear: Callable[[str], None],
        python: Sequence[str] = (sys.executable,),
    ) -> None:
        # -P: the working folder must not come between the process and its modules.
        self._process = subprocess.Popen(  # noqa: S603 - no shell
            [*python, "-P", "-m", "keepfit.train"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            # Ctrl-C goes to the terminal's whole group: here it is the parent's to answer, and
            # before the child could say so itself it would print a traceback.
            process_group=0,
        )
        self._asked = 0
        self._answers: dict[int, Answer] = {}
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._listener = Thread(target=self._listen, args=(hear,), daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's number, as the system counts."""
        return self._process.pid

    def ask(self, job: Job) -> int:
        """Hand it a job; the number that its answer will bear."""
        from keepfit.train.wire import Ask, write

        self._asked += 1
        with suppress(OSError):  # it died; whoever waits for the answer is told how
            write(_open(self._process.stdin), Ask(number=self._asked, job=job))
        return self._asked

    def answer(self, number: int, model: str) -> Answer:
        """The answer of that number, waiting for it; SystemFailure if the process died before."""
        try:
            while number not in self._answers:
                answer = self._next_answer(model)
                self._answers[answer.number] = answer
        except BaseException:
            self.end()  # half a frame may have been read: nothing after it makes sense
            raise
        return self._answers.pop(number)

    def _next_answer(self, model: str) -> Answer:
        from keepfit.train.wire import answered, read

        frame = read(_open(self._process.stdout))
        if frame is None:
            raise self._death(model)
        return answered(frame)

    def end(self) -> None:
        """Kill it, which loses nothing: what it made is its answer."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _close(_open(pipe))
        self._listener.join(timeout=1)  # a process that the user's code began may hold it open
        if not self._listener.is_alive():
            _close(_open(self._process.stderr))

    def _death(self, model: str) -> SystemFailure:
        from keepfit.train.wire import MEMORY

        code = self._process.wait()
        self._listener.join(timeout=1)
        words = "".join(f"\n  {line.rstrip()}" for line in self._words)
        hint = f"out of memory? {MEMORY}" if code < 0 else "see what it said last"
        return SystemFailure(f"the process that trained {model} {_ending(code)}{words}", hint=hint)

    def _listen(self, hear: Callable[[str], None]) -> None:
        for line in _open(self._process.stderr):
            text = line.decode(errors="replace")
            self._words.append(text)
            hear(text)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-code}"


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("a pipe of the training process was not asked for")
    return pipe


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):  # closing flushes what a dead process no longer reads
        pipe.close()
