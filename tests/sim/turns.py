"""Processes that take turns, in an order that a seed decides: the same seed, the same run.

A process is a greenlet that gives way before each request to the outside, so only one of them ever
runs. To kill one is to let none of its requests through any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet


class Killed(BaseException):
    """Raised at each request of a process that is dead; nothing in the product may catch it."""


class Process:
    """What one of the processes does, how it stands, and what came of it."""

    def __init__(self, name: str, act: Callable[[], Any]) -> None:
        self.name, self.act = name, act
        self.alive, self.done = True, False
        self.answer: Any = None
        self.error: BaseException | None = None
        self.course = greenlet(self._run)
        self.course.process = self

    def _run(self) -> None:
        try:
            self.answer = self.act()
        except BaseException as error:  # noqa: BLE001 it is told to whoever runs the processes
            self.error = error
        self.done = True


def take() -> None:
    """Called by a process before each of its requests: returns when it is its turn.

    Whoever looks on from outside need not wait.
    """
    process: Process | None = getattr(getcurrent(), "process", None)
    if process is None:
        return
    if process.alive:
        process.course.parent.switch()
    if not process.alive:
        raise Killed(process.name)


def die() -> None:
    """Called by a process that is killed in the middle of a request."""
    process: Process = getcurrent().process
    process.alive = False
    raise Killed(process.name)


def go_on(process: Process) -> None:
    """Let the process do one request, and whatever it computes until its next."""
    process.course.parent = getcurrent()
    process.course.switch()


def kill(process: Process) -> None:
    """The process is gone: not one of its requests comes through any more."""
    process.alive = False
    if process.course and not process.done:
        go_on(process)
