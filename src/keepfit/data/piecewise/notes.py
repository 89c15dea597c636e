"""What was found in a file of rows, so that the next run need not read that file again."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from keepfit.digest import Digest

T = TypeVar("T", bound=msgspec.Struct)

_CHECK = hashlib.sha256().digest_size


class Notes:
    """Records by the digest of all that they come from; losing them costs only time."""

    def __init__(self, folder: Path | str | None = None, what: str = "") -> None:
        """Those of `what` in the folder, which need not be there; without one nothing is kept."""
        self._folder = None if folder is None else Path(folder) / what
        self._used: set[str] = set()

    def find(self, name: Digest, kind: type[T]) -> T | None:
        """The record that was kept by that name; None where nothing was, or it is damaged."""
        if self._folder is None:
            return None
        self._used.add(name)
        try:
            kept = (self._folder / name).read_bytes()
        except OSError:
            return None
        data = memoryview(kept)[_CHECK:]
        if hashlib.sha256(data).digest() != kept[:_CHECK]:
            return None
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except msgspec.DecodeError:
            return None  # what writes these records has changed since

    def keep(self, name: Digest, record: msgspec.Struct) -> None:
        """Keep the record; failing to is no error."""
        if self._folder is None:
            return
        self._used.add(name)
        data = msgspec.msgpack.encode(record)
        draft = self._folder / f".{name}.{os.getpid()}"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(hashlib.sha256(data).digest())
                file.write(data)
            draft.replace(self._folder / name)
        with suppress(OSError):
            draft.unlink(missing_ok=True)  # it may be there in part, where the disk is full

    def forget_others(self) -> None:
        """Delete what was neither asked for nor kept: it is of files that are not there any more,
        or was made in other ways."""
        if self._folder is None or not self._folder.is_dir():
            return
        for file in self._folder.iterdir():
            if file.name not in self._used:
                with suppress(OSError):
                    file.unlink()


NONE = Notes()  # nothing is known, and nothing kept
