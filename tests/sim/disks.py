"""A disk in memory that forgets, when the power goes, whatever no fsync has brought down.

It stands in for the `os` of the folder's driver. What was written since the last fsync of a file
survives in any of its sectors or in none; names made, given and removed since the last fsync of
their folder survive in any choice of them: what real file systems may do, and more (after Pillai
and others, "All file systems are not created equal", OSDI 2014).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

SECTOR = 512


@dataclass(eq=False)
class File:
    """Bytes, and those of them that are down."""

    data: bytes = b""
    down: bytes = b""
    links: int = 1

    def survivor(self, kept: Callable[[], bool]) -> File:
        """The file after the power is back."""
        if self.data == self.down:
            return File(self.data, self.data)
        found = bytearray(self.down)
        for start in range(0, len(self.data), SECTOR):
            if kept():
                found.extend(bytes(max(0, start - len(found))))
                found[start : start + SECTOR] = self.data[start : start + SECTOR]
        return File(bytes(found), bytes(found))


@dataclass(eq=False)
class Folder:
    """Names, and the changes of them since they were down."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    down: dict[str, File | Folder] = field(default_factory=dict)
    changes: list[tuple[str, File | Folder | None]] = field(default_factory=list)

    def change(self, name: str, node: File | Folder | None) -> None:
        if node is None:
            del self.names[name]
        else:
            self.names[name] = node
        self.changes.append((name, node))

    def survivor(self, kept: Callable[[], bool], made: dict[int, Any]) -> Folder:
        """The folder after the power is back; `made` tells what each node has become."""
        names = dict(self.down)
        for name, node in self.changes:
            if kept():
                names.update({name: node}) if node else names.pop(name, None)
        found = {}
        for name, node in names.items():
            if id(node) not in made:
                is_folder = isinstance(node, Folder)
                made[id(node)] = node.survivor(kept, made) if is_folder else node.survivor(kept)
            found[name] = made[id(node)]
        return Folder(found, dict(found))


class Disk:
    """The calls of `os` that the folder's driver makes. `turn` is called before each of them."""

    path, sep, name = os.path, "/", "posix"
    fsencode, strerror = staticmethod(os.fsencode), staticmethod(os.strerror)
    O_RDONLY, O_WRONLY, O_CREAT, O_EXCL = os.O_RDONLY, os.O_WRONLY, os.O_CREAT, os.O_EXCL
    O_DIRECTORY, POSIX_FADV_DONTNEED = os.O_DIRECTORY, os.POSIX_FADV_DONTNEED

    def __init__(
        self, root: Folder | None = None, turn: Callable[[str, str], None] = lambda *_: None
    ) -> None:
        self.root = root or Folder()
        self.turn = turn
        self.forgets: Callable[[str], bool] = lambda _: False  # an fsync of this path does nothing
        self._opened: dict[int, tuple[str, File | Folder]] = {}

    def after_power_loss(self, kept: Callable[[], bool]) -> Disk:
        """What is found once the power is back; `kept` says of each change whether it is."""
        return Disk(self.root.survivor(kept, {}))

    def contents(self) -> tuple[Any, ...]:
        """All there is, to be compared."""
        return _contents(self.root)

    # --- files -----------------------------------------------------------------------------------

    def file(self, path: str, mode: str, _buffering: int = -1) -> io.BufferedIOBase:
        """What `open` answers."""
        self.turn("open", path)
        if mode == "rb":
            return io.BytesIO(self._file(path).data)
        return _Written(self, path, self._new(path))

    def open(self, path: str, flags: int, _mode: int = 0o777) -> int:
        self.turn("open", path)
        node = self._new(path) if flags & os.O_CREAT else self._node(path)
        descriptor = 1000 + len(self._opened)
        self._opened[descriptor] = (path, node)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        path, node = self._opened[descriptor]
        self.turn("write", path)
        node.data += bytes(data)
        return len(data)

    def fsync(self, descriptor: int) -> None:
        path, node = self._opened[descriptor]
        self.turn("fsync", path)
        if self.forgets(path):
            return
        if isinstance(node, Folder):
            node.down, node.changes = dict(node.names), []
        else:
            node.down = node.data

    def close(self, descriptor: int) -> None: ...

    def posix_fadvise(self, *_: int) -> None: ...

    # --- names -----------------------------------------------------------------------------------

    def link(self, source: str, target: str) -> None:
        self.turn("link", target)
        node, (folder, name) = self._file(source), self._place(target)
        if name in folder.names:
            raise _refused(errno.EEXIST, target)
        folder.change(name, node)
        node.links += 1

    def replace(self, source: str, target: str) -> None:
        self.turn("replace", target)
        node, (folder, name) = self._file(source), self._place(target)
        folder.change(name, node)
        folder, name = self._place(source)
        folder.change(name, None)

    def unlink(self, path: str) -> None:
        self.turn("unlink", path)
        node, (folder, name) = self._file(path), self._place(path)
        node.links -= 1
        folder.change(name, None)

    def mkdir(self, path: str, _mode: int = 0o777) -> None:
        self.turn("mkdir", path)
        folder, name = self._place(path)
        if name in folder.names:
            raise _refused(errno.EEXIST, path)
        folder.change(name, Folder())

    def makedirs(self, path: str, *, exist_ok: bool) -> None:
        if path != "/":
            self.makedirs(path.rpartition("/")[0] or "/", exist_ok=exist_ok)
            with contextlib.suppress(FileExistsError):
                self.mkdir(path)

    def rmdir(self, path: str) -> None:
        self.turn("rmdir", path)
        folder, name = self._place(path)
        if self._folder(path).names:
            raise _refused(errno.ENOTEMPTY, path)
        folder.change(name, None)

    # --- looking ---------------------------------------------------------------------------------

    def stat(self, path: str) -> SimpleNamespace:
        self.turn("stat", path)
        node = self._node(path)
        size, links = (len(node.data), node.links) if isinstance(node, File) else (0, 2)
        return SimpleNamespace(st_size=size, st_nlink=links, st_mtime=0.0)

    @contextlib.contextmanager
    def scandir(self, path: str) -> Iterator[Iterator[SimpleNamespace]]:
        self.turn("scandir", path)
        yield iter([_entry(path, *item) for item in self._folder(path).names.items()])

    def listdir(self, path: str) -> list[str]:
        self.turn("listdir", path)
        return list(self._folder(path).names)

    def walk(
        self, top: str, onerror: Callable[[OSError], None] | None = None
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        try:
            self.turn("walk", top)
            found = self._folder(top).names
        except OSError as error:
            if onerror:
                onerror(error)
            return
        folders = [name for name, node in found.items() if isinstance(node, Folder)]
        yield top, folders, [name for name in found if name not in folders]
        for name in folders:
            yield from self.walk(f"{top}/{name}", onerror)

    # --- how -------------------------------------------------------------------------------------

    def _node(self, path: str) -> File | Folder:
        node: File | Folder = self.root
        for step in path.strip("/").split("/"):
            if not isinstance(node, Folder):
                raise _refused(errno.ENOTDIR, path)
            if step and step not in node.names:
                raise _refused(errno.ENOENT, path)
            node = node.names[step] if step else node
        return node

    def _folder(self, path: str) -> Folder:
        node = self._node(path)
        if isinstance(node, File):
            raise _refused(errno.ENOTDIR, path)
        return node

    def _file(self, path: str) -> File:
        node = self._node(path)
        if isinstance(node, Folder):
            raise _refused(errno.EISDIR, path)
        return node

    def _place(self, path: str) -> tuple[Folder, str]:
        folder, _, name = path.rpartition("/")
        return self._folder(folder), name

    def _new(self, path: str) -> File:
        folder, name = self._place(path)
        if name in folder.names:
            raise _refused(errno.EEXIST, path)
        folder.change(name, file := File())
        return file


class _Written(io.BytesIO):
    """A file that is open for writing: its bytes are in the system's memory once it is flushed."""

    def __init__(self, disk: Disk, path: str, file: File) -> None:
        super().__init__()
        self._disk, self._path, self._file = disk, path, file

    def flush(self) -> None:
        if not self.closed and self.getvalue() != self._file.data:
            self._disk.turn("write", self._path)
            self._file.data = self.getvalue()

    def fileno(self) -> int:
        descriptor = 1000 + len(self._disk._opened)
        self._disk._opened[descriptor] = (self._path, self._file)
        return descriptor

    def close(self) -> None:
        self.flush()
        super().close()


def in_place_of_os(monkeypatch: Any, modules: list[Any], disk: Callable[[], Disk]) -> None:
    """Have the modules work on whatever `disk()` is at the moment."""

    class Current:
        def __getattr__(self, name: str) -> Any:
            return getattr(disk(), name)

    for module in modules:
        monkeypatch.setattr(module, "os", Current())
        monkeypatch.setattr(module, "open", lambda *args: disk().file(*args), raising=False)


def keeping(seed: int) -> Callable[[], bool]:
    """A choice of what survives: nothing, little, half, most or all of it."""
    chance = random.Random(seed)
    share = chance.choice([0, 0, 0.1, 0.5, 0.9, 1])
    return lambda: chance.random() < share


def _contents(node: File | Folder) -> tuple[Any, ...]:
    if isinstance(node, File):
        return (node.data,)
    return tuple((name, _contents(node.names[name])) for name in sorted(node.names))


def _entry(path: str, name: str, node: File | Folder) -> SimpleNamespace:
    return SimpleNamespace(
        name=name,
        path=f"{path}/{name}",
        is_dir=lambda **_: isinstance(node, Folder),
        is_file=lambda **_: isinstance(node, File),
    )


def _refused(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
