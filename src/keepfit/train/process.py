"""The inside of the training process: it reads jobs from stdin and writes answers to stdout."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import IO

import msgspec

from keepfit.train.job import Fit, Job
from keepfit.train.wire import Answer, Ask, Done, failed, read, write


def main() -> None:
    """Answer jobs until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends this process
    os.umask(0o022)
    asked, answers = _own_streams()
    frames: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(asked, frames), daemon=True).start()

    from keepfit.train.fit import Memory, fit  # numpy, polars, while the parent still gets ready

    memory: Memory = {}
    while True:
        ask = msgspec.msgpack.decode(frames.get(), type=Ask)
        write(answers, _answer(ask, partial(fit, memory=memory)))


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes, out of reach of the user's code: what that prints goes to stderr."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return asked, answers


def _listen(asked: IO[bytes], frames: SimpleQueue[bytes]) -> None:
    """Pass jobs on; when the parent is gone, end the process, in the middle of a training too."""
    while (frame := read(asked)) is not None:
        frames.put(frame)
    os._exit(0)


def _answer(ask: Ask, fit: Callable[[Job], Fit]) -> Answer:
    try:
        return Done(number=ask.number, fit=fit(ask.job))
    except Exception as error:  # noqa: BLE001  (whatever it is, the parent raises it again)
        return failed(ask.number, error)
