"""The folders of a store on a disk, made and brought down in an order that survives power loss."""

# Paths are strings here: pathlib would cost more than the reads themselves.
# ruff: noqa: PTH102, PTH120
from __future__ import annotations

import contextlib
import os

from keepfit.store.backends.disk import refusals, sync_folder


class Folders:
    """What one process knows of which names are down; `durable=False` leaves out the fsyncs."""

    def __init__(self, *, durable: bool) -> None:
        self._durable = durable
        self._safe: set[str] = set()  # folders whose own names are down
        self._own: set[str] = set()  # folders that nobody else writes to, and that are down
        self._seen: set[str] = set()  # folders with objects that were read, which may not be down

    def make(self, folder: str) -> None:
        """The folder, its name down on the disk before anything is put into it.

        Who finds a folder that holds something may therefore rely on its name; one that is empty
        may have been made a moment ago by a process that has not come to its fsync yet.
        """
        if folder in self._safe:
            return
        if not _holds_something(folder):
            parent = os.path.dirname(folder)
            self.make(parent)
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder)
            self.sync(parent)
        self._safe.add(folder)

    def make_for_drafts(self, folder: str, root: str) -> None:
        """The folder below `root`; drafts are gone after a power loss, and its name may be."""
        if folder not in self._safe:
            self.make(root)
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder)
            self._safe.add(folder)

    def make_all(self, folders: list[str]) -> None:
        """Each of the folders after the one it lies in: the first as `make` does, the rest not."""
        with refusals("write", folders[-1]):
            self.make(folders[0])
            for folder in folders[1:]:
                try:
                    os.mkdir(folder)
                except FileExistsError:
                    pass
                except FileNotFoundError:
                    self.forget()
                    raise

    def forget(self) -> None:
        """Somebody removed folders beneath us."""
        self._safe.clear()

    def saw(self, path: str) -> None:
        """An object was read, and may be relied upon."""
        folder = os.path.dirname(path)
        if folder not in self._own:
            self._seen.add(folder)

    def sync_seen(self) -> None:
        """What was read, down to the disk.

        What is written next may follow from it, as a record of a log follows from the one before;
        and whoever wrote that may not have come to its fsync yet. A power loss would leave a hole.
        """
        for folder in sorted(self._seen) if self._durable else ():
            with refusals("write", folder), contextlib.suppress(FileNotFoundError):
                sync_folder(folder)
        self._seen.clear()

    def own(self, folders: list[str]) -> None:
        """What `make_all` has made is down by now; its first folder is not ours alone."""
        self._own.update(folders[1:])

    def sync(self, folder: str) -> None:
        """The names in the folder, down to the disk."""
        if self._durable:
            with refusals("write", folder):
                sync_folder(folder)


def down_to(top: str, *folders: str) -> list[str]:
    """The folders and all above them, from `top` on, each after the one it lies in."""
    found = {top}
    for folder in folders:
        step = folder
        while step not in found:
            found.add(step)
            step = os.path.dirname(step)
    return sorted(found)


def _holds_something(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except FileNotFoundError:
        return False
    except PermissionError:
        return True  # it may not be looked into, so it is not ours
