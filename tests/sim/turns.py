"""Processes that take turns, in an order that a seed decides: the same seed, the same run.

A process is a thread that waits for its turn before each request to the outside, so only one of
them ever runs. To kill one is to let none of its requests through any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Killed(BaseException):
    """Raised at each request of a process that is dead; nothing in the product may catch it."""


@dataclass
class Process:
    """What one of the processes does, how it stands, and what came of it."""

    name: str
    act: Callable[[], Any]
    go: threading.Lock = field(default_factory=threading.Lock)
    started: bool = False
    alive: bool = True
    done: bool = False
    answer: Any = None
    error: BaseException | None = None


class Turns:
    """Runs processes, one request at a time."""

    def __init__(self) -> None:
        self._here = threading.local()
        self._back = threading.Lock()
        self._back.acquire()
        self._threads: list[threading.Thread] = []

    def process(self, name: str, act: Callable[[], Any]) -> Process:
        """A process that has not begun."""
        process = Process(name, act)
        process.go.acquire()
        return process

    def take(self) -> None:
        """Called by a process before each of its requests: returns when it is its turn."""
        process: Process | None = getattr(self._here, "process", None)
        if process is None:
            return  # whoever looks on from outside need not wait
        if process.alive:
            self._back.release()
            process.go.acquire()
        if not process.alive:
            raise Killed(process.name)

    def go_on(self, process: Process) -> None:
        """Let the process do one request, and whatever it computes until its next."""
        if not process.started:
            process.started = True
            thread = threading.Thread(target=self._run, args=(process,), daemon=True)
            self._threads.append(thread)
            thread.start()
        else:
            process.go.release()
        self._back.acquire()

    def kill(self, process: Process) -> None:
        """The process is gone: not one of its requests comes through any more."""
        process.alive = False
        if process.started and not process.done:
            self.go_on(process)

    def join(self) -> None:
        """Wait for the threads, which all have come to their end."""
        for thread in self._threads:
            thread.join()

    def _run(self, process: Process) -> None:
        self._here.process = process
        try:
            process.answer = process.act()
        except BaseException as error:  # noqa: BLE001 it is told to whoever runs the processes
            process.error = error
        process.done = True
        self._back.release()
