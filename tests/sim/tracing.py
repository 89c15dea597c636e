"""System calls that kill, or fail: strace, attached to a process that was forked a moment ago.

A fork is warm: everything is imported, so each of its system calls is one of the deed itself.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from keepfit.errors import KeepfitError

# What a store does to a disk; the rest (memory, locks, clocks) leaves nothing behind.
CALLS = (
    "openat", "read", "write", "close", "fsync", "link", "unlink", "rename", "mkdir", "rmdir",
    "newfstatat", "fstat", "lseek", "getdents64", "fadvise64",
)  # fmt: skip
WORDS = 16 << 10  # bytes of what a process had to say
Point = tuple[str, int]  # a system call, and which of them, from 1


@dataclass(frozen=True)
class Ended:
    """How a traced process came to its end."""

    code: int | None  # its exit code; None: it was killed
    said: str  # its traceback, or the error's message
    trace: str  # its system calls, a line each

    @property
    def injected(self) -> bool:
        """Whether it came to the call that was to kill it, or to fail."""
        return self.code is None or "(INJECTED)" in self.trace


def may_trace() -> bool:
    """Whether there is an strace here that may look at our processes."""
    if not hasattr(os, "fork") or not shutil.which("strace"):
        return False
    try:
        return run(lambda: None, ("openat",)).code == 0
    except PermissionError:
        return False


def points(act: Callable[[], object], calls: tuple[str, ...] = CALLS) -> list[Point]:
    """Every system call of the act, in groups."""
    ended = run(act, calls)
    assert ended.code == 0, ended.said
    made = Counter(line.partition("(")[0] for line in ended.trace.splitlines())
    return [(call, number) for call in calls for number in range(1, made[call] + 1)]


def killed_at(point: Point, act: Callable[[], object]) -> Ended:
    """The act in a process that gets kill -9 at that system call."""
    return run(act, point[:1], f"{point[0]}:signal=SIGKILL:when={point[1]}")


def failing_at(point: Point, error: str, act: Callable[[], object]) -> Ended:
    """The act in a process in which that system call is not made, and fails so."""
    return run(act, point[:1], f"{point[0]}:error={error}:when={point[1]}")


def run(act: Callable[[], object], calls: tuple[str, ...], injected: str = "") -> Ended:
    """The act in a process of its own, with what strace is told to inject."""
    wait, go = os.pipe()
    heard, say = os.pipe()
    child = os.fork()
    if not child:
        os.close(go)
        select.select([wait], [], [])  # a read might be the call that strace makes fail
        _live_and_die(act, say)
    os.close(wait)
    os.close(say)
    tracer = _attach(child, calls, injected)
    os.close(go)  # what the process waits for
    with os.fdopen(heard, "rb") as told:
        said = told.read().decode()
    status = os.waitpid(child, 0)[1]
    _, trace = tracer.communicate()
    code = os.waitstatus_to_exitcode(status)
    return Ended(None if code == -signal.SIGKILL else code, said, trace)


def _attach(child: int, calls: tuple[str, ...], injected: str) -> subprocess.Popen[str]:
    command = ["strace", "-p", str(child), "-e", f"trace={','.join(calls)}"]
    command += ["-e", f"inject={injected}"] if injected else []
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr
    if "attached" in (first := tracer.stderr.readline()):
        return tracer
    os.kill(child, signal.SIGKILL)
    raise PermissionError(first)


def _live_and_die(act: Callable[[], object], say: int) -> None:
    """Do it, and end as the command line would; never come back into pytest."""
    code, words = 1, ""
    try:
        act()
        code = 0
    except KeepfitError as error:
        code, words = error.exit_code, str(error)
    except BaseException:  # noqa: BLE001 a traceback is what it is looked for
        words = traceback.format_exc()
    finally:
        for _ in range(2):  # the first may be the call that is to fail
            with contextlib.suppress(OSError):
                if words:
                    os.write(say, words.encode()[:WORDS])
                break
        os._exit(code)
