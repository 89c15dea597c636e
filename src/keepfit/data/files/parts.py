"""Where the frozen files of rows are kept: a port, and the folder that is enough for one run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from keepfit.digest import Digest, canonical, sha256_file
from keepfit.errors import SourceError
from keepfit.records.rows import Part


class Parts(Protocol):
    """Immutable files of rows by digest, each stored once."""

    # what is known of the part, or None where it is not stored
    def known(self, digest: Digest) -> Part | None: ...

    # store what is not stored yet, durably; the path is the file as its source has it
    def add(self, parts: Sequence[tuple[Part, Path]]) -> None: ...

    # a readable local file with the part's bytes
    def path(self, digest: Digest) -> Path: ...


class FolderParts:
    """Parts as files of one folder: `DIGEST.csv`, and beside it what is known of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def known(self, digest: Digest) -> Part | None:
        record = self._folder / f"{digest}.json"
        return msgspec.json.decode(record.read_bytes(), type=Part) if record.exists() else None

    def add(self, parts: Sequence[tuple[Part, Path]]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for part, path in parts:
            if self.known(part.digest) is None:
                self._store(part, path)

    def path(self, digest: Digest) -> Path:
        part = self.known(digest)
        if part is None:
            raise SourceError(f"the rows {digest[:12]} are not in {self._folder}")
        return self._folder / file_name(part)

    def _store(self, part: Part, path: Path) -> None:
        draft = self._folder / f"{part.digest}.{os.getpid()}.tmp"
        shutil.copyfile(path, draft)
        if (found := sha256_file(draft)) != part.digest:
            draft.unlink()
            raise changed_while_read(part, found)
        _flush(draft)
        draft.replace(self._folder / file_name(part))
        # The record comes last: a part is known only once its bytes are there.
        draft.write_bytes(canonical(part))
        _flush(draft)
        draft.replace(self._folder / f"{part.digest}.json")


def file_name(part: Part) -> str:
    """`DIGEST.csv.gz`: digest and suffixes, from which readers tell the format."""
    return ".".join(filter(None, (part.digest, part.format, part.compression)))


def changed_while_read(part: Part, found: Digest) -> SourceError:
    """The error for a source that somebody wrote to while it was frozen."""
    return SourceError(
        f"{part.uri} changed while it was read: expected {part.digest[:12]}, found {found[:12]}",
        hint="run the command again once nobody writes to the file",
    )


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
