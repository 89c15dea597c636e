"""A folder as a store. What it has acknowledged survives a power loss."""

# Paths are strings here: pathlib would cost more than the reads themselves.
# ruff: noqa: PTH100, PTH103, PTH105, PTH108, PTH116, PTH118, PTH120, PTH123
from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

from keepfit.digest import Digest
from keepfit.errors import StoreError, Unclear
from keepfit.store.backends.disk import (
    LOST_ANSWERS,
    Draft,
    Waiting,
    place,
    refusals,
    write_new,
)
from keepfit.store.backends.folders import Folders, down_to
from keepfit.store.backends.objects import Exists, Unknown
from keepfit.store.keys import checked

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
        self._below = os.path.join(self._root, "")
        self._durable = durable
        self._entropy = entropy  # names of drafts
        self._folders = Folders(durable=durable)
        self._waiting = Waiting()
        self._foreseen: dict[bytes, Draft] = {}

    def get(self, key: str) -> bytes | None:
        path = self._path(key)
        with refusals("read", path):
            try:
                with open(path, "rb", 0) as file:  # read in one go, a buffer would be in the way
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
        known = self._foreseen.pop(data, None)
        with (
            refusals("write", self._path(key)),
            contextlib.nullcontext(known) if known else self._started(data) as draft,
        ):
            self._put(key, draft.path, lambda: self._finish(draft))

    @contextlib.contextmanager
    def foreseeing(self, data: bytes) -> Iterator[None]:
        with contextlib.ExitStack() as opened:
            with refusals("write", self._root):
                draft = opened.enter_context(self._started(data))
                if self._durable:
                    draft.hasten()
            self._foreseen[data] = draft
            try:
                yield
            finally:
                self._foreseen.pop(data, None)

    def upload(self, key: str, source: Path) -> Digest:
        digest = hashlib.sha256()

        def copy(file: IO[bytes]) -> None:
            while block := rows.read(_BLOCK):
                digest.update(block)
                file.write(block)

        # around closing it, too: even that may fail
        with refusals("read", str(source)), source.open("rb") as rows, self._draft() as draft:
            self._put(key, draft, lambda: write_new(draft, copy, durable=self._durable))
        return digest.hexdigest()

    def write(self, prefix: str, files: Mapping[str, bytes]) -> None:
        base = self._path(prefix)
        # The last two folders of the prefix may be those of somebody who is at it this moment, so
        # nothing that lies in them proves that their names are down: see `Folders.make`.
        shared = os.path.dirname(os.path.dirname(base)) if "/" in prefix else self._root
        contents = [(self._path(f"{prefix}/{name}"), data) for name, data in files.items()]
        folders = down_to(shared, base, *(os.path.dirname(path) for path, _ in contents))
        written: list[str] = []
        try:
            self._folders.make_all(folders)
            while contents:
                some, contents = contents[:_AT_A_TIME], contents[_AT_A_TIME:]
                # Nobody reads the prefix before it is named in a log, so names need not come first.
                self._write_some(some, written, folders if not contents else [])
            self._folders.own(folders)
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
            Draft(draft, data).close()
            if data:
                # To rename over a file costs as much as an fsync on ext4, which brings the new one
                # down before the old one goes. Who finds neither does without the advice.
                _remove(path)
            try:
                os.replace(draft, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
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
        return self._below + checked(key).replace("/", os.sep)

    def _put(self, key: str, draft: str, finish: Callable[[], None]) -> None:
        """Give the draft that `finish` completes its place."""
        path = self._path(key)
        folder = os.path.dirname(path)
        with refusals("write", path):
            self._folders.make(folder)
            finish()
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

    def _write_some(
        self, contents: list[tuple[str, bytes]], written: list[str], folders: list[str]
    ) -> None:
        """New files, and the names in the folders, down on the disk.

        The path of each is added to `written` once it exists.
        """
        with refusals("write", contents[0][0]), contextlib.ExitStack() as opened:
            files = []
            for path, data in contents:
                with refusals("write", path):
                    file = _new(path, data)
                opened.callback(file.close)
                files.append(file)
                written.append(path)
                if self._durable:
                    file.hasten()  # all of them before the first is waited for
            if self._durable:
                files += self._foreseen.values()
                bring_down = [partial(_bring_down, file) for file in files]
                names = [partial(self._folders.sync, folder) for folder in folders]
                self._waiting.for_all(bring_down + names)

    def _finish(self, draft: Draft) -> None:
        if self._durable:
            draft.sync()
        draft.close()

    @contextlib.contextmanager
    def _started(self, data: bytes) -> Iterator[Draft]:
        with self._draft() as path:
            draft = Draft(path, data)
            try:
                yield draft
            finally:
                with contextlib.suppress(OSError):  # who needs its bytes has finished it
                    draft.close()

    @contextlib.contextmanager
    def _draft(self) -> Iterator[str]:
        folder = os.path.join(self._root, _DRAFTS)
        with refusals("write", folder):
            self._folders.make_for_drafts(folder, self._root)
        draft = os.path.join(folder, self._entropy(12).hex())
        try:
            yield draft
        finally:
            _remove(draft)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _new(path: str, data: bytes) -> Draft:
    try:
        return Draft(path, data)
    except FileExistsError as error:
        raise Exists(f"there is a {path} already") from error


def _bring_down(file: Draft) -> None:
    with refusals("write", file.path):
        file.sync()


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
