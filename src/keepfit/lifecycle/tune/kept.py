"""The trials of a search as a file beside the project, so that one that was stopped goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from keepfit.digest import Digest, canonical
from keepfit.lifecycle.tune.records import Trial

SEARCHES = 10  # of a model that are kept: those that were last used
_ENDING = ".jsonl"


class Kept:
    """The trials of one search, a line each; the file's name says all that decides them."""

    def __init__(self, folder: Path, name: Digest, *, fresh: bool = False) -> None:
        """What an earlier call had found of the same search; nothing if it is to be `fresh`."""
        self._file = folder / f"{name[:16]}{_ENDING}"
        if self._file.exists():
            with suppress(OSError):
                self._file.touch()  # it is of use again
        data = b"" if fresh or not self._file.exists() else self._file.read_bytes()
        self.trials = tuple(_whole(data))
        self._size = sum(len(canonical(trial)) + 1 for trial in self.trials)

    def add(self, trial: Trial) -> None:
        """Keep one more; what a call that was killed left behind the last whole line goes."""
        line = canonical(trial) + b"\n"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if not self._file.exists():
            self._forget_the_oldest()
        with self._file.open("r+b" if self._file.exists() else "w+b") as file:
            file.truncate(self._size)
            file.seek(self._size)
            file.write(line)
        self._size += len(line)

    def _forget_the_oldest(self) -> None:
        """Make room for one more search. Of those that nobody has asked for in a while the rows or
        the code are others by now, so that no call would find them."""
        others = [(file.stat().st_mtime_ns, file) for file in self._file.parent.glob(f"*{_ENDING}")]
        for _, file in sorted(others, reverse=True)[SEARCHES - 1 :]:
            with suppress(OSError):
                file.unlink()


def _whole(data: bytes) -> Iterator[Trial]:
    """The trials in their order, up to the first line that is none."""
    for number, line in enumerate(data.splitlines()):
        try:
            trial = msgspec.json.decode(line, type=Trial)
        except msgspec.DecodeError:
            return
        if trial.number != number or canonical(trial) != line:
            return
        yield trial
