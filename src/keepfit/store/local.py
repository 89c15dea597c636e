"""A folder as a store. What it has acknowledged survives a power loss."""

# Paths are strings here: pathlib would cost more than the reads themselves.
# ruff: noqa: PTH100, PTH103, PTH105, PTH108, PTH116, PTH118, PTH120, PTH123
from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from keepfit.digest import Digest
from keepfit.errors import StoreError, Unclear
from keepfit.store.disk import (
    LOST_ANSWERS,
    place,
    refusals,
    start_new,
    sync,
    write_new,
)
from keepfit.store.folders import Folders, down_to
from keepfit.store.keys import checked
from keepfit.store.objects import Exists, Unknown

_DRAFTS = "tmp"
_BLOCK = 1 << 20  # bytes that are in memory at a time while a file is copied
_AT_A_TIME = 64  # files that are open at once


class LocalStore:
    """Objects as files below `root`; `durable=False` leaves out the fsyncs, for scratch stores."""

    def __init__(
        self,
        root: Path,
        *,
        durable: bool = True,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._root = os.path.abspath(root)
        self._durable = durable
        self._entropy = entropy  # names of drafts
        self._folders = Folders(durable=durable)

    def get(self, key: str) -> bytes | None:
        path = self._path(key)
        with refusals("read", path):
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except FileNotFoundError:
                return None
        self._folders.saw(path)
        return data

    def size(self, key: str) -> int | None:
        path = self._path(key)
        with refusals("look at", path):
            try:
                return os.stat(path).st_size
            except FileNotFoundError:
                return None

    def modified(self, key: str) -> datetime | None:
        path = self._path(key)
        with refusals("look at", path):
            try:
                return _moment(os.stat(path).st_mtime)
            except FileNotFoundError:
                return None

    def now(self) -> datetime:
        # On a network drive only the server's clock can be compared with the times of files.
        with self._draft() as draft, refusals("write", draft):
            write_new(draft, lambda _: None, durable=False)
            return _moment(os.stat(draft).st_mtime)

    def create(self, key: str, data: bytes) -> None:
        self._put(key, lambda file: file.write(data))

    def upload(self, key: str, source: Path) -> Digest:
        digest = hashlib.sha256()

        def copy(file: IO[bytes]) -> None:
            while block := rows.read(_BLOCK):
                digest.update(block)
                file.write(block)

        with refusals("read", str(source)):
            rows = source.open("rb")
        with rows:
            self._put(key, copy)
        return digest.hexdigest()

    def write(self, prefix: str, files: Mapping[str, bytes]) -> None:
        base = self._path(prefix)
        # The last two folders of the prefix may be those of somebody who is at it this moment, so
        # nothing that lies in them proves that their names are down: see `Folders.make`.
        shared = os.path.dirname(os.path.dirname(base)) if "/" in prefix else self._root
        contents = {self._path(f"{prefix}/{name}"): data for name, data in files.items()}
        folders = down_to(shared, base, *map(os.path.dirname, contents))
        written: list[str] = []
        try:
            self._folders.make_all(folders)
            for start in range(0, len(contents), _AT_A_TIME):
                self._write_some(list(contents.items())[start : start + _AT_A_TIME], written)
            # Nobody reads the prefix before it is named in a log, so names may follow the bytes:
            # the fsyncs of the files have brought most of them down, and these cost little.
            self._folders.sync_all(folders)
        except BaseException:
            for path in written:
                _remove(path)
            raise

    def local(self, key: str) -> Path:
        if self.size(key) is None:
            raise StoreError(f"there is no {self._path(key)}")
        return Path(self._path(key))

    def advise(self, key: str, data: bytes) -> None:
        path = self._path(key)
        # Nobody relies on advice, so nobody is told where it cannot be written.
        with contextlib.suppress(OSError, StoreError), self._draft() as draft:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_new(draft, lambda file: file.write(data), durable=False)
            if data:
                # To rename over a file costs as much as an fsync on ext4, which brings the new one
                # down before the old one goes. Who finds neither does without the advice.
                _remove(path)
            os.replace(draft, path)

    def keys(self, prefix: str) -> Iterator[str]:
        base = self._path(prefix) if prefix else self._root
        with refusals("list", base):
            found = [
                os.path.join(folder, name)
                for folder, _, names in os.walk(base, onerror=_unless_gone)
                for name in names
            ]
        keys = (os.path.relpath(path, self._root).replace(os.sep, "/") for path in found)
        yield from sorted(key for key in keys if prefix or not key.startswith(f"{_DRAFTS}/"))

    def folders(self, prefix: str) -> list[str]:
        base = self._path(prefix)
        with refusals("list", base):
            try:
                with os.scandir(base) as entries:
                    return sorted(entry.name for entry in entries if entry.is_dir())
            except FileNotFoundError:
                return []

    def delete(self, key: str) -> None:
        path = self._path(key)
        with refusals("delete", path), contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def _path(self, key: str) -> str:
        return os.path.join(self._root, *checked(key).split("/"))

    def _put(self, key: str, fill: Callable[[IO[bytes]], object]) -> None:
        path = self._path(key)
        folder = os.path.dirname(path)
        with refusals("write", path), self._draft() as draft:
            self._folders.make(folder)
            write_new(draft, fill, durable=self._durable)
            self._folders.sync_seen()
            try:
                place(draft, path)
            except FileExistsError as error:
                # Whoever was quicker may not have come to the fsync below, and we shall rely on it.
                self._folders.sync(folder)
                raise Exists(f"there is a {path} already") from error
            except FileNotFoundError:
                self._folders.forget()
                raise
            except OSError as error:
                if error.errno in LOST_ANSWERS:
                    raise Unknown(f"{path} may have been written: {error.strerror}") from error
                raise
        try:
            self._folders.sync(folder)
        except StoreError as error:
            # Everybody sees the object by now, but it may not outlive a power loss.
            raise Unclear(f"{path} may or may not be kept: {error}", hint=error.hint) from error

    def _write_some(self, contents: list[tuple[str, bytes]], written: list[str]) -> None:
        """New files, down on the disk; the path of each is added to `written` once it exists."""
        folder = os.path.dirname(contents[0][0])
        with refusals("write", folder), contextlib.ExitStack() as opened:
            files = []
            for path, data in contents:
                with refusals("write", path), _taken(path):
                    # All are on their way to the disk before the first is waited for.
                    file = start_new(path, data)
                opened.callback(os.close, file)
                files.append((path, file))
                written.append(path)
            for path, file in files if self._durable else ():
                with refusals("write", path):
                    sync(file)

    @contextlib.contextmanager
    def _draft(self) -> Iterator[str]:
        folder = os.path.join(self._root, _DRAFTS)
        self._folders.make_for_drafts(folder, self._root)
        draft = os.path.join(folder, self._entropy(12).hex())
        try:
            yield draft
        finally:
            _remove(draft)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@contextlib.contextmanager
def _taken(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise Exists(f"there is a {path} already") from error


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
