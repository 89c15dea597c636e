"""A bucket as a store: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, BinaryIO

import obstore

from keepfit.digest import Digest, sha256
from keepfit.errors import Corrupt, StoreError
from keepfit.store.backends import disk
from keepfit.store.backends.clients import ONCE, PATIENT, asks_for_patience, connect, refusals
from keepfit.store.backends.objects import ObjectStore, Unknown
from keepfit.store.keys import checked

if TYPE_CHECKING:
    from obstore import Attributes, GetResult, ObjectMeta
    from obstore.store import RetryConfig

_DIGEST = "sha256"  # the name of the note beside each object that holds its digest
_DRAFTS = "tmp"
_BLOCK = 8 << 20  # bytes; what is larger goes up in parts of this size
_AT_ONCE = 16  # requests
_READS = 3  # of an object whose bytes are not those of its digest
_PATIENCE = 1.0  # second before a bucket that asks for patience is asked again


class CloudStore:
    """Objects of a bucket, below the path of its address.

    `before_writing` is called once, before the first write: what it raises makes the store one
    that is only read. `retries` are obstore's, for what may be asked twice without harm.
    """

    def __init__(  # noqa: PLR0913 the world is passed in
        self,
        address: str,
        *,
        retries: RetryConfig = PATIENT,
        before_writing: Callable[[ObjectStore], None] = lambda _: None,
        environ: Mapping[str, str] = os.environ,
        entropy: Callable[[int], bytes] = os.urandom,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address.rstrip("/")
        self._client = connect(address, retries, environ)
        # A create is sent once: a retry inside the client would answer "exists" to our own success,
        # or "forbidden" to what was written a moment ago. Who settles it knows what to ask next.
        self._once = connect(address, ONCE, environ)
        self._before_writing = before_writing
        self._entropy, self._sleep = entropy, sleep
        self._may_write = False
        self._lock = RLock()  # of that; the same thread asks again while it looks
        self._folder: Path | None = None  # of downloads

    def get(self, key: str) -> bytes | None:
        for _ in range(_READS):
            found = self._find(key)
            if found is None:
                return None
            with refusals("read", self._place(key)):
                data = bytes(found.bytes())
            if found.attributes.get(_DIGEST, digest := sha256(data)) == digest:
                return data
        raise Corrupt(
            f"{self._place(key)} was changed: its bytes do not match the digest beside them",
            hint="restore it from a backup, or from an earlier version of the object",
        )

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The bytes of each, or None, in the order of the keys."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(self.get, keys))

    def size(self, key: str) -> int | None:
        found = self._look(key)
        return found["size"] if found else None

    def modified(self, key: str) -> datetime | None:
        found = self._look(key)
        return found["last_modified"] if found else None

    def now(self) -> datetime:
        self._put(key := f"{_DRAFTS}/{self._entropy(12).hex()}", b"")
        moment = self.modified(key)
        self.delete(key)
        if moment is None:
            raise StoreError(f"{self._place(key)} is gone a moment after it was written")
        return moment

    def create(self, key: str, data: bytes) -> None:
        self._prepare_to_write()
        try:
            with self._writing(key, creating=True):
                obstore.put(self._once, checked(key), data, mode="create", attributes=_noted(data))
        except Unknown as error:
            if asks_for_patience(error):
                self._sleep(_PATIENCE)
            raise

    def write(self, prefix: str, files: Mapping[str, bytes]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            keys = [f"{prefix}/{name}" for name in files]
            list(threads.map(self._put, keys, files.values()))

    def upload(self, key: str, source: Path) -> Digest:
        digest = hashlib.sha256()

        def blocks() -> Iterator[bytes]:
            while block := rows.read(_BLOCK):
                digest.update(block)
                yield block

        with _opened(source) as rows:
            if os.fstat(rows.fileno()).st_size <= _BLOCK:
                self._put(key, data := rows.read())
                return sha256(data)
            self._prepare_to_write()
            with self._writing(key):
                obstore.put(self._client, checked(key), blocks(), chunk_size=_BLOCK)
        return digest.hexdigest()

    def local(self, key: str) -> Path:
        path = self._downloads() / checked(key)
        if path.exists():
            return path  # no key is ever written again with other bytes
        found = self._find(key)
        if found is None:
            raise StoreError(f"there is no {self._place(key)}")
        with disk.refusals("write", str(path)), refusals("read", self._place(key)):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{self._entropy(6).hex()}")
            with draft.open("xb") as file:
                for block in found.stream(min_chunk_size=_BLOCK):
                    file.write(block)
            return draft.replace(path)

    def advise(self, key: str, data: bytes) -> None:
        # Nobody relies on advice: it is tried once, and nobody is told where that fails.
        with contextlib.suppress(StoreError):
            self._prepare_to_write()
            with self._writing(key):
                obstore.put(self._once, checked(key), data, attributes=_noted(data))

    def keys(self, prefix: str) -> Iterator[str]:
        below = checked(prefix) if prefix else None
        with refusals("list", self._place(prefix)):
            found = [meta["path"] for page in obstore.list(self._client, below) for meta in page]
        yield from sorted(key for key in found if prefix or not key.startswith(f"{_DRAFTS}/"))

    def folders(self, prefix: str) -> list[str]:
        with refusals("list", self._place(prefix)):
            found = obstore.list_with_delimiter(self._client, checked(prefix))
        return sorted(folder.rpartition("/")[2] for folder in found["common_prefixes"])

    def delete(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError), refusals("delete", self._place(key)):
            obstore.delete(self._client, checked(key))

    def _put(self, key: str, data: bytes) -> None:
        """Write to a place that nobody else ever writes to, as often as it takes."""
        self._prepare_to_write()
        with self._writing(key):
            obstore.put(
                self._client, checked(key), data, attributes=_noted(data), use_multipart=False
            )

    def _find(self, key: str) -> GetResult | None:
        with contextlib.suppress(FileNotFoundError), refusals("read", self._place(key)):
            return obstore.get(self._client, checked(key))
        return None

    def _look(self, key: str) -> ObjectMeta | None:
        with contextlib.suppress(FileNotFoundError), refusals("look at", self._place(key)):
            return obstore.head(self._client, checked(key))
        return None

    @contextlib.contextmanager
    def _writing(self, key: str, *, creating: bool = False) -> Iterator[None]:
        try:
            with refusals("write", place := self._place(key), creating=creating):
                yield
        except FileNotFoundError as error:
            raise StoreError(f"there is no place for {place}: {error}") from error

    def _prepare_to_write(self) -> None:
        with self._lock:
            if not self._may_write:
                self._may_write = True  # what looks at the bucket now writes to it, too
                try:
                    self._before_writing(self)
                except BaseException:
                    self._may_write = False
                    raise

    def _downloads(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="keepfit-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _place(self, key: str) -> str:
        return f"{self._address}/{key}"


def _noted(data: bytes) -> Attributes:
    # Whoever reads the bytes can then tell that none was changed, on the way or at rest.
    return {_DIGEST: sha256(data)}


def _opened(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as error:
        raise StoreError(f"could not read {source}: {error.strerror}") from error
