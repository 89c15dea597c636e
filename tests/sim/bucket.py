"""A bucket in memory, as strict as the real ones, whichever of their dialects is spoken to it."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


class Taken(Exception):
    """There is an object already."""


class TooOften(Exception):
    """The name was written less than a second ago."""


@dataclass(frozen=True)
class Stored:
    """One generation of an object; a delete marker where `data` is None."""

    data: bytes | None
    etag: str
    generation: int
    at: float  # seconds since 1970, by the bucket's own clock
    metadata: dict[str, str] = field(default_factory=dict)


class Bucket:
    """Objects with conditions on their writes. Requests are taken one at a time, by one loop: that
    is the lock on every key.

    `versioned` keeps what was overwritten or deleted, as a bucket with versions does.
    `once_a_second` refuses to write a name twice in a second, as Google's buckets do.
    `lax` accepts the condition of a write and ignores it, as some imitations of S3 have done.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        versioned: bool = False,
        once_a_second: bool = False,
        lax: bool = False,
    ):
        self.clock = clock
        self.versioned, self.once_a_second, self.lax = versioned, once_a_second, lax
        self.history: dict[str, list[Stored]] = {}
        self.uploads: dict[str, dict[str, bytes]] = {}
        self._generations = itertools.count(1)

    def get(self, key: str) -> Stored | None:
        newest = self.history.get(key, [None])[-1]
        return newest if newest and newest.data is not None else None

    def put(self, key: str, data: bytes, metadata: dict[str, str], *, if_absent: bool) -> Stored:
        """The new object; Taken, or TooOften, where the bucket refuses."""
        if if_absent and not self.lax and self.get(key):
            raise Taken(key)
        newest = self.history.get(key, [None])[-1]
        if self.once_a_second and newest and self.clock() - newest.at < 1:
            raise TooOften(key)
        return self._keep(key, data, metadata)

    def delete(self, key: str) -> bool:
        """Whether there was anything to delete."""
        if self.get(key) is None:
            return False
        if self.versioned:
            self._keep(key, None, {})
        else:
            del self.history[key]
        return True

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(k for k in self.history if k.startswith(prefix) and self.get(k))

    def listing(self, prefix: str, delimiter: str, after: str, most: int):
        """Keys and common prefixes beyond `after`, and where the next page begins, if any."""
        entries: list[tuple[str, bool]] = []  # name, whether it is a prefix
        for key in self.keys(prefix):
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            entry = (prefix + head + delimiter, True) if found else (key, False)
            if entry[0] > after and (not entries or entries[-1] != entry):
                entries.append(entry)
        page, rest = entries[:most], entries[most:]
        keys = [name for name, folder in page if not folder]
        return keys, [name for name, folder in page if folder], page[-1][0] if rest else None

    def _keep(self, key: str, data: bytes | None, metadata: dict[str, str]) -> Stored:
        etag = hashlib.md5(data or b"").hexdigest()
        stored = Stored(data, f'"{etag}"', next(self._generations), self.clock(), metadata)
        before = self.history.get(key, []) if self.versioned else []
        self.history[key] = [*before, stored]
        return stored
