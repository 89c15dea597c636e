"""A folder of plain files, read as if somebody had planted traps in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO

from keepfit.errors import Corrupt
from keepfit.store.backends.disk import sync, write_new

_MOST = 10_000  # files; a version has some ten
_DEEPEST = 16  # folders within each other
_OPEN = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # or the open of a pipe would wait for its writer
    | getattr(os, "O_BINARY", 0)
)
AGAIN = "write the bundle again: keepfit export model REF FOLDER"
_HINT = "a bundle is made of plain files only: write it again"


def contents_of(folder: Path) -> set[str]:
    """The paths of the files below `folder`; Corrupt for a link, a device or a pipe among them."""
    found: set[str] = set()
    ahead = [(folder, "", 0)]
    while ahead:
        here, prefix, depth = ahead.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    ahead.append((here / entry.name, f"{prefix}{entry.name}/", depth + 1))
                elif entry.is_file(follow_symlinks=False):
                    found.add(prefix + entry.name)
                else:
                    raise _no_file(Path(entry.path), entry.stat(follow_symlinks=False).st_mode)
        if len(found) > _MOST or depth > _DEEPEST:
            raise Corrupt(f"{folder} holds more than a bundle does", hint=_HINT)
    return found


def file_of(path: Path, most: int, expected: str = "") -> bytes:
    """The bytes of a plain file of at most so many; Corrupt where it is longer (it is not what was
    `expected`), and for a link."""
    try:
        descriptor = os.open(path, _OPEN)
    except FileNotFoundError as error:
        raise Corrupt(f"{path} is gone", hint=_HINT) from error
    except OSError as error:
        if path.is_symlink():
            raise _no_file(path, stat.S_IFLNK) from error
        raise
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _no_file(path, status.st_mode)
        if status.st_nlink != 1:
            # Whoever holds the other name can change the bytes after they were looked at.
            raise Corrupt(f"{path} has another name as well (a hard link)", hint=_HINT)
        data = file.read(most + 1)
    if len(data) > most:
        found = f"found more than {most:,} bytes"
        raise Corrupt(f"{path} was changed: expected {expected or 'fewer'}, {found}", hint=AGAIN)
    return data


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new files below `folder`, down to the disk."""
    made = {folder}
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made.update(parent for parent in path.parents if parent.is_relative_to(folder))
        write_new(str(path), partial(_write, data), durable=True)
    for each in made:
        sync_folder(each)


def _write(data: bytes, file: IO[bytes]) -> None:
    file.write(data)


def sync_folder(folder: Path) -> None:
    """The names in the folder, down to the disk."""
    if os.name == "nt":  # no folder can be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def _no_file(path: Path, mode: int) -> Corrupt:
    what = "a link" if stat.S_ISLNK(mode) else "a device, a pipe or a socket"
    return Corrupt(f"{path} is {what}; expected a plain file", hint=_HINT)
