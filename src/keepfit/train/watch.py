"""What a project's code asks for that no recipe holds: clocks, chance, folders, the environment.

A profile of one training: slow, so only for the rebuild that was not identical.
"""

from __future__ import annotations

import random
import re
import sys
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from keepfit.train.job import Asked

_STDLIB = str(Path(sysconfig.get_paths()["stdlib"]))
_PACKAGES = re.compile(r"[/\\](site|dist)-packages[/\\]")
_TABLES = ("polars.", "pandas.")  # whose readers open files by themselves
_FILE_READERS = re.compile(r"(read|scan)_\w+")

# Functions written in C that answer differently from run to run or from machine to machine.
_ASKS = {
    "a clock": (
        *("time.time", "time.monotonic", "time.perf_counter", "time.process_time"),
        *("time.time_ns", "time.monotonic_ns", "time.perf_counter_ns", "time.process_time_ns"),
        *("time.localtime", "time.gmtime", "time.strftime", "time.ctime"),
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
        "datetime.date.today",
    ),
    "chance": ("posix.urandom", "nt.urandom", "_uuid.generate_time_safe"),
    "a folder's listing": ("posix.listdir", "posix.scandir", "nt.listdir", "nt.scandir"),
    "a file": ("io.open", "_io.open", "posix.stat", "posix.open", "nt.stat", "nt.open"),
    "memory addresses": ("builtins.id",),
    "the machine": (
        *("posix.cpu_count", "posix.getpid", "posix.getcwd", "posix.uname", "posix.getuid"),
        *("posix.sched_getaffinity", "_socket.gethostname", "nt.getcwd", "nt.getpid"),
    ),
    "the locale": ("_locale.strxfrm", "_locale.strcoll", "_locale.setlocale", "_locale.localeconv"),
    "threads": ("_thread.start_new_thread", "_thread.start_joinable_thread"),
    "another process": ("_posixsubprocess.fork_exec", "posix.fork", "posix.posix_spawn"),
    "the network": ("_socket.socket.connect", "_socket.getaddrinfo"),
}
_WHAT = {name: what for what, names in _ASKS.items() for name in names}


# Python looking for a module or making a class; and with True, what asks a clock for how long to
# wait.
_OWN_AFFAIRS = {
    False: ("importlib", "_frozen_importlib", "zipimport", "dataclasses", "enum"),
    True: ("importlib", "_frozen_importlib", "concurrent", "threading", "queue", "subprocess"),
}


class Watch:
    """While it is open, notes what code in the files below `folders` asks for, once a place."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._folders = folders
        self._asked: dict[Asked, None] = {}

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What was noted, in its order."""
        return tuple(self._asked)

    def __enter__(self) -> Self:
        threading.setprofile(self._saw)
        sys.setprofile(self._saw)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _saw(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            name = _name_of(argument)
            if what := _WHAT.get(name) or _of_chance(argument):
                self._note(what, name, frame)
        elif event == "call" and (found := _python_call(frame)):
            self._note(*found, frame.f_back, named=True)

    def _note(self, what: str, call: str, frame: FrameType | None, *, named: bool = False) -> None:
        """Note it if the project's code asked, itself or through the standard library.

        A function of the standard library that was called there names it, unless it is `named`.
        """
        below = None
        while frame is not None:
            file, module = frame.f_code.co_filename, frame.f_globals.get("__name__", "")
            if file.startswith(self._folders):
                if below is not None and not named:
                    call = f"{below.f_globals.get('__name__')}.{below.f_code.co_name}"
                place = f"{_short(file, self._folders)}:{frame.f_lineno}"
                self._asked[Asked(what=what, call=call, place=place)] = None
                return
            passed = _is_stdlib(file) or (what == "a file" and module.startswith(_TABLES))
            if not passed or module.startswith(_OWN_AFFAIRS[what == "a clock"]):
                return
            below, frame = frame, frame.f_back


def _python_call(frame: FrameType) -> tuple[str, str] | None:
    """What a call of a Python function asks for, where that is known to be outside."""
    code, module = frame.f_code, frame.f_globals.get("__name__", "")
    if module == "os" and code.co_name == "__getitem__":
        return "the environment", f"environment variable {frame.f_locals.get('key')}"
    if module == "random" and code.co_name == "seed" and frame.f_locals.get("a") is None:
        return "chance", "random.Random"
    if module == "random" and frame.f_locals.get("self") is _global_random():
        inner = frame.f_back is not None and frame.f_back.f_globals.get("__name__") == "random"
        return None if inner else ("chance", f"random.{code.co_name}")
    if module.startswith(_TABLES) and _FILE_READERS.fullmatch(code.co_name):
        return "a file", f"{module.partition('.')[0]}.{code.co_name}"
    return None


def _of_chance(argument: Any) -> str | None:
    return "chance" if getattr(argument, "__self__", None) is _global_random() else None


def _global_random() -> object:
    return random._inst  # noqa: SLF001 behind random.random()


def _name_of(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__qualname__", "")
    if isinstance(owner, type):
        return f"{owner.__module__}.{name}"
    if module := getattr(function, "__module__", None):
        return f"{module}.{name}"
    return f"{type(owner).__module__}.{name}"


def _is_stdlib(file: str) -> bool:
    return file.startswith("<frozen") or (
        file.startswith(_STDLIB) and not _PACKAGES.search(file[len(_STDLIB) :])
    )


def _short(file: str, folders: tuple[str, ...]) -> str:
    folder = next(iter(_holding(file, folders)), "")
    return Path(file).relative_to(folder).as_posix() if file != folder else Path(file).name


def _holding(file: str, folders: tuple[str, ...]) -> Iterator[str]:
    return (folder for folder in folders if file.startswith(folder))
