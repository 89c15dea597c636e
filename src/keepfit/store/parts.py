"""The frozen files of rows that a model's versions were made from, each stored once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from keepfit.digest import Digest, canonical, sha256_file
from keepfit.errors import Corrupt, SourceError, UnknownName
from keepfit.records.rows import Part
from keepfit.store import keys
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.log.state import State

_A_RECORD = 48 * 1024  # bytes of parts that one record lists; the log takes 64 KiB


class PartsLog(Protocol):
    """What of a registry the parts of a model need."""

    # the model's state, read again
    def state(self, model: str) -> State: ...

    # a name for a folder that nobody else ever uses
    def attempt(self) -> str: ...

    # record that the attempt's folder holds the parts
    def freeze(self, model: str, attempt: str, parts: Sequence[Part]) -> State: ...


class StoredParts:
    """The parts of one model in the store."""

    def __init__(self, log: PartsLog, objects: ObjectStore, model: str) -> None:
        self._log, self._objects, self._model = log, objects, model
        self._state = log.state(model)
        self._verified: set[Digest] = set()

    def known(self, digest: Digest) -> Part | None:
        """What is known of the part, or None where it was not stored when last looked."""
        stored = self._state.parts.get(digest)
        return stored.part if stored else None

    def add(self, parts: Sequence[tuple[Part, Path]]) -> None:
        """Store what is not stored yet; SourceError if a file is no longer what `part` says."""
        self._state = self._log.state(self._model)
        new = {part.digest: (part, path) for part, path in parts if not self.known(part.digest)}
        for batch in _batches(list(new.values())):
            attempt = self._log.attempt()
            for part, path in batch:
                self._upload(attempt, part, path)
            self._state = self._log.freeze(self._model, attempt, [part for part, _ in batch])

    def path(self, digest: Digest) -> Path:
        """A local file with the part's bytes, verified the first time; Corrupt if they differ."""
        stored = self._state.part(digest)
        if stored is None:
            raise UnknownName(f"part of {self._model}", digest, ())
        key = keys.part(self._model, stored.attempt, stored.part)
        if self._objects.size(key) is None:
            raise Corrupt(f"{key} is gone", hint="restore it from a backup")
        path = self._objects.local(key)
        if digest not in self._verified:
            _check(key, path, digest)
            self._verified.add(digest)
        return path

    def _upload(self, attempt: str, part: Part, path: Path) -> None:
        key = keys.part(self._model, attempt, part)
        written = self._objects.upload(key, path)
        if written != part.digest:
            self._objects.delete(key)
            raise SourceError(
                f"{part.uri} changed while it was read: "
                f"expected digest {part.digest}, found {written}",
                hint="run the command again once nobody writes to the file",
            )


def _check(key: str, path: Path, expected: Digest) -> None:
    if (found := sha256_file(path)) != expected:
        raise Corrupt(
            f"{key} was changed: expected digest {expected}, found {found}",
            hint="restore it from a backup",
        )


def _batches(parts: Sequence[tuple[Part, Path]]) -> Iterator[list[tuple[Part, Path]]]:
    """The parts in their order, in as few batches as have room in a record."""
    batch: list[tuple[Part, Path]] = []
    size = 0
    for part, path in parts:
        length = len(canonical(part))
        if batch and size + length > _A_RECORD:
            yield batch
            batch, size = [], 0
        batch.append((part, path))
        size += length
    if batch:
        yield batch
