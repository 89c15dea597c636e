"""Digests of files that have not changed since they were last read, so that a look costs a stat."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from keepfit.digest import Digest, canonical, digest_of, sha256_file
from keepfit.records.rows import Part

_SETTLED = 2_000_000_000  # ns; a younger file may change again without a new time on coarse clocks


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    size: int
    modified: int  # ns
    changed: int  # ns; copying tools can set `modified` back, but not this
    digest: Digest


class _Memory(msgspec.Struct):
    files: dict[str, _Seen] = {}
    parts: dict[Digest, Part] = {}


class StatCache:
    """What files held when they were last looked at; best effort, losing it costs only time."""

    def __init__(self, path: Path | None = None, *, now: Callable[[], int] = time.time_ns) -> None:
        """What `save` wrote to `path`; empty where there is nothing, or it is damaged."""
        self._path, self._now = path, now
        self._memory = _Memory()
        self._dirty = False
        if path is not None:
            with suppress(OSError, msgspec.MsgspecError):
                self._memory = msgspec.json.decode(path.read_bytes(), type=_Memory)

    def save(self) -> None:
        """Write it back, if it learned anything; failing to is no error."""
        if self._path is None or not self._dirty:
            return
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(canonical(self._memory))
            draft.replace(self._path)
            self._dirty = False
        with suppress(OSError):
            draft.unlink(missing_ok=True)  # it may be there in part, where the disk is full

    def digest(self, path: Path) -> Digest:
        """The sha256 of the file's bytes; only a stat where it has not changed since."""
        stat = path.stat()
        facts = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        seen = self._memory.files.get(str(path))
        if seen and (seen.size, seen.modified, seen.changed) == facts:
            return seen.digest
        digest = sha256_file(path)
        if self._now() - max(facts[1:]) > _SETTLED:
            self._memory.files[str(path)] = _Seen(*facts, digest)
            self._dirty = True
        return digest

    def part(self, like: Part) -> Part | None:
        """What reading the same bytes in the same way said before, or None."""
        return self._memory.parts.get(_reading(like))

    def remember(self, part: Part) -> None:
        """Keep what reading a file said of it."""
        self._memory.parts[_reading(part)] = part
        self._dirty = True


def _reading(part: Part) -> Digest:
    return digest_of((part.digest, part.format, part.compression, part.time, part.types))
