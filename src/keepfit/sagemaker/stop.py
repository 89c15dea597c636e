"""SIGTERM while a job trains: it ends, in time, and says that it was told to."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType

CODE = 128 + signal.SIGTERM  # of a process that ended because of it
GRACE = 60.0  # seconds to end in good order; SageMaker kills 120 s after its SIGTERM


class Stopped(KeyboardInterrupt):
    """Somebody told the job to end; whatever stops for Ctrl-C stops for it."""


@contextmanager
def told_to_end(last_words: Callable[[], None], *, grace: float = GRACE) -> Iterator[None]:
    """Stopped is raised in the block when SIGTERM comes; if that has not ended it after `grace`
    seconds, for the block may be inside of a long computation, the process ends itself."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    over = Event()

    def watch() -> None:
        # Python's own handler waits until a computation in another language is done; its byte
        # does not.
        while signals := ours.recv(64):
            if signal.SIGTERM in signals and not over.wait(grace):
                last_words()
                os._exit(CODE)

    handler = signal.signal(signal.SIGTERM, _stop)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGTERM, handler)
        theirs.close()
        watcher.join(timeout=1)
        ours.close()


def _stop(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what ends must not be stopped
    raise Stopped("stopped by SIGTERM before a model was written")
