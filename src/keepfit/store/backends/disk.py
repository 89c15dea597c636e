"""What an operating system must do for bytes to survive a power loss, and its refusals in words."""

# Paths are strings here: pathlib would cost more than the reads themselves.
# ruff: noqa: PTH104, PTH108, PTH116, PTH123
from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from keepfit.errors import StoreError

_AT_ONCE = 4  # fsyncs that are waited for at a time: the disk brings them down together
_HINTS = {
    errno.ENOSPC: "the disk is full: free some space and run the command again",
    errno.EDQUOT: "your share of the disk is used up: free some space and run the command again",
    errno.EFBIG: "a file may not grow that large here: see `ulimit -f`",
    errno.EACCES: "you lack the permission: ask for it, or name another folder as `store`",
    errno.EPERM: "you lack the permission: ask for it, or name another folder as `store`",
    errno.EROFS: "the folder is read-only: name another one as `store`",
    errno.ENOTDIR: "a file is where a folder should be: move it, or name another folder as `store`",
    errno.EISDIR: "a folder is where a file should be: move it away",
    errno.EIO: "the disk fails: look at the system's log, and take a backup",
    errno.EMFILE: "too many files are open: see `ulimit -n`",
    errno.ENAMETOOLONG: "the path is too long: name a store nearer to the root",
}
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_BINARY = getattr(os, "O_BINARY", 0)  # of Windows
LOST_ANSWERS = {errno.EIO, errno.ETIMEDOUT, errno.ESTALE}  # of a network drive, say
_AT_FDCWD, _RENAME_NOREPLACE, _RENAME_EXCL = -100, 1, 4  # linux/fs.h; macOS: sys/stdio.h


class refusals:  # noqa: N801 called like a function, as contextlib.suppress is
    """A block that raises StoreError, with path, reason and next step, for what is refused there.

    A class, since it stands around every system call and a generator would cost as much as some.
    """

    __slots__ = ("_path", "_verb")

    def __init__(self, verb: str, path: str) -> None:
        self._verb, self._path = verb, path

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            raise refusal(self._verb, self._path, error) from error


def refusal(verb: str, path: str, error: OSError) -> StoreError:
    """The error in words: `could not write /store/m/…: No space left on device`."""
    hint = _HINTS.get(error.errno or 0)
    return StoreError(f"could not {verb} {path}: {error.strerror or error}", hint=hint)


def write_new(path: str, fill: Callable[[IO[bytes]], object], *, durable: bool) -> None:
    """A new file with what `fill` writes, down on the disk; no file where that fails."""
    with open(path, "xb") as file:
        try:
            fill(file)
            file.flush()
            if durable:
                sync(file.fileno())
        except BaseException:
            # A failed fsync drops the pages: never to be repeated on this file, so it goes.
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise


def start_new(path: str, data: bytes) -> int:
    """The descriptor of a new file with these bytes; it needs a `sync`."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(file)
            os.unlink(path)
        raise
    return file


class Draft:
    """A new file at `path`, open for writing."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self._file: int | None = start_new(path, data)
        self._down = False

    def hasten(self) -> None:
        """Have its bytes on their way to the disk while others are written."""
        if sys.platform == "linux" and self._file is not None:
            # Linux begins to write pages that are said to be of no more use, and waits for none.
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """Its bytes, down to the disk; once is enough."""
        if not self._down and self._file is not None:
            sync(self._file)
            self._down = True

    def close(self) -> None:
        """Let it go as it is."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def sync(descriptor: int) -> None:
    """Down to the disk itself: on macOS a plain fsync stops at the drive's cache."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


class Waiting:
    """Threads that wait for the disk side by side: on a busy machine each wait costs its turn."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._process = 0

    def for_all(self, works: Sequence[Callable[[], None]]) -> None:
        """Have all of the work done; an error of any, once whatever was begun has ended."""
        # A share each, the first for the caller: to hand each work over costs as much as an fsync.
        mine, *others = (works[start::_AT_ONCE] for start in range(_AT_ONCE))
        begun = [self._pool().submit(_error_of, share) for share in others if share]
        for error in [_error_of(mine), *[share.result() for share in begun]]:
            if error:
                raise error

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None or self._process != os.getpid():  # a fork has no threads
            self._threads, self._process = ThreadPoolExecutor(_AT_ONCE - 1), os.getpid()
        return self._threads


def _error_of(works: Sequence[Callable[[], None]]) -> StoreError | None:
    try:
        for work in works:
            work()
    except StoreError as error:
        return error
    return None


def sync_folder(path: str) -> None:
    """The names in the folder, down to the disk."""
    if os.name == "nt":
        return  # Windows opens no folders, and writes names down with the file
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def place(draft: str, target: str) -> None:
    """Give the finished draft its final name; FileExistsError where that is taken."""
    try:
        os.link(draft, target)
    except OSError as error:
        # NFS repeats a request whose answer was lost, and then refuses its own success.
        if os.stat(draft).st_nlink == 2:
            return
        if error.errno not in _NO_HARD_LINKS:
            raise
        rename_new(draft, target)


def rename_new(draft: str, target: str) -> None:
    """The same where there are no hard links (exFAT, some network drives); the draft is gone."""
    if os.name == "nt":
        os.rename(draft, target)
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    source, goal = os.fsencode(draft), os.fsencode(target)
    if sys.platform == "darwin":
        failed = libc.renamex_np(source, goal, _RENAME_EXCL)
    elif hasattr(libc, "renameat2"):
        failed = libc.renameat2(_AT_FDCWD, source, _AT_FDCWD, goal, _RENAME_NOREPLACE)
    else:
        failed, _ = -1, ctypes.set_errno(errno.ENOSYS)
    if failed:
        raise _not_renamed(ctypes.get_errno(), target)


def _not_renamed(number: int, target: str) -> OSError | StoreError:
    if number in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}:
        # A plain rename would silently replace the record of somebody who was quicker.
        return StoreError(
            f"could not write {target}: its file system can neither link files nor rename them "
            "without replacing others, so two writers could not be told apart",
            hint="put the store on another file system",
        )
    return OSError(number, os.strerror(number), target)
