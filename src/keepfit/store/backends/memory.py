"""A store in memory: gone with its process, the same promises otherwise."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from keepfit.digest import Digest, sha256
from keepfit.errors import StoreError
from keepfit.store.backends.objects import Exists
from keepfit.store.keys import checked


def _utcnow() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """Objects in a dict; `local` copies them into a folder that goes with the store."""

    def __init__(self, *, clock: Callable[[], datetime] = _utcnow) -> None:
        self._objects: dict[str, bytes] = {}
        self._times: dict[str, datetime] = {}
        self._clock = clock  # the store's own, aware
        self._lock = Lock()  # look and write are one step
        self._folder: Path | None = None

    def get(self, key: str) -> bytes | None:
        return self._objects.get(checked(key))

    def size(self, key: str) -> int | None:
        data = self.get(key)
        return None if data is None else len(data)

    def modified(self, key: str) -> datetime | None:
        return self._times.get(checked(key))

    def now(self) -> datetime:
        return self._clock()

    def create(self, key: str, data: bytes) -> None:
        with self._lock:
            if checked(key) in self._objects:
                raise Exists(f"there is a {key} already")
            self._put(key, data)

    def write(self, prefix: str, files: Mapping[str, bytes]) -> None:
        for name, data in files.items():
            self.create(f"{prefix}/{name}", data)

    def upload(self, key: str, source: Path) -> Digest:
        data = source.read_bytes()
        self.create(key, data)
        return sha256(data)

    def local(self, key: str) -> Path:
        data = self.get(key)
        if data is None:
            raise StoreError(f"there is no {key}")
        path = self._copies() / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def advise(self, key: str, data: bytes) -> None:
        with self._lock:
            self._put(checked(key), data)

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in list(self._objects) if key.startswith(_below(prefix)))

    def folders(self, prefix: str) -> list[str]:
        rests = (key.removeprefix(_below(prefix)) for key in self.keys(prefix))
        return sorted({rest.partition("/")[0] for rest in rests if "/" in rest})

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(checked(key), None)
            self._times.pop(key, None)

    def _put(self, key: str, data: bytes) -> None:
        self._objects[key] = bytes(data)
        self._times[key] = self._clock()

    def _copies(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="keepfit-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


def _below(prefix: str) -> str:
    return f"{prefix}/" if prefix else ""
