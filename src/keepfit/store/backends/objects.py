"""What keepfit asks of a store of objects: a folder, or a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from keepfit.digest import Digest
from keepfit.errors import StoreError


class Exists(StoreError):
    """There is an object already; whose it is, its bytes tell."""


class Unknown(StoreError):
    """The request may have been applied, or may be later: read the place to find out."""


class ObjectStore(Protocol):
    """Keys are relative, `/`-separated paths that keepfit made; no part comes from a user."""

    # the bytes, or None where there is no such object
    def get(self, key: str) -> bytes | None: ...

    # how many bytes it has, or None where there is no such object
    def size(self, key: str) -> int | None: ...

    # when it was last written, by the store's own clock; None where there is no such object
    def modified(self, key: str) -> datetime | None: ...

    # what time it is by the same clock, which nobody's own clock need agree with
    def now(self) -> datetime: ...

    # write durably, only where no object is yet; Exists if one is, Unknown if nobody can say
    def create(self, key: str, data: bytes) -> None: ...

    # write all files below a prefix that nobody else ever writes to; durable when it returns
    def write(self, prefix: str, files: Mapping[str, bytes]) -> None: ...

    # the same for one file that may be larger than memory; the digest of what was written
    def upload(self, key: str, source: Path) -> Digest: ...

    # a readable local file with the object's bytes (a folder's own file, or a download)
    def local(self, key: str) -> Path: ...

    # overwrite advice that may be lost: hints, heartbeats, views
    def advise(self, key: str, data: bytes) -> None: ...

    # every key below the prefix, sorted; below none, all but drafts, which lie below tmp
    def keys(self, prefix: str) -> Iterator[str]: ...

    # the next part of every key below the prefix that has further parts: sorted, each once
    def folders(self, prefix: str) -> list[str]: ...

    # it is no error if it is gone already
    def delete(self, key: str) -> None: ...


@runtime_checkable
class GetsMany(Protocol):
    """A store that is far away and answers many questions at once."""

    # the bytes of each, or None, in the order of the keys
    def get_many(self, keys: Sequence[str]) -> list[bytes | None]: ...


@runtime_checkable
class Foresees(Protocol):
    """A store that waits less for an object of which it was told before."""

    # in the block `create` may be asked for an object of these bytes; what is written meanwhile
    # and they are brought down together
    def foreseeing(self, data: bytes) -> AbstractContextManager[None]: ...
