"""A training that has not come to its end: what it knows by now, on disk, for when it goes on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from keepfit.kinds.mlp.file import Epoch
from keepfit.records.base import Record

_ENDING, _ASIDE = ".unfinished", ".partial"  # and of one that is being written
_DIGEST = 32  # bytes before all others: whether they are all there
_PARTS = ("weights", "means", "squares", "best")

Arrays = dict[str, Any]  # of numpy, by name


class Moments(Protocol):
    """What steps hang on, beside the weights."""

    steps: int

    @property
    def means(self) -> Arrays: ...

    @property
    def squares(self) -> Arrays: ...


class Tally(Record, frozen=True, kw_only=True):
    """What is counted."""

    epoch: int
    steps: int
    since: int
    kept: int
    least: float | None
    epochs: tuple[Epoch, ...]


@dataclass(slots=True)
class Progress:
    """Where a training stands after an epoch."""

    weights: Arrays
    means: Arrays  # of the slopes
    squares: Arrays
    best: Arrays  # the weights that validation likes best so far; without it the last ones
    epoch: int = 0
    steps: int = 0
    since: int = 0  # epochs that validation has been no better for
    kept: int = 0  # the epoch of the best ones
    least: float | None = None  # what validation says of them
    epochs: tuple[Epoch, ...] = ()

    @classmethod
    def of(cls, weights: Arrays, zeros: Arrays) -> Progress:
        """Before the first epoch."""
        return cls(weights, zeros, zeros, weights)

    def next(self, weights: Arrays, moments: Moments, epoch: Epoch) -> Progress:
        """After one epoch more."""
        moved = replace(self, weights=weights, epoch=epoch.epoch, steps=moments.steps)
        moved.means, moved.squares = moments.means, moments.squares
        moved.judged(epoch)
        return moved

    def judged(self, epoch: Epoch) -> None:
        """Keep its weights if they are the best, and note what was lost."""
        self.epochs = (*self.epochs, epoch)
        if epoch.validation is None:
            self.best, self.kept = self.weights, epoch.epoch
        elif self.least is None or epoch.validation < self.least:
            self.best, self.kept = self.weights, epoch.epoch
            self.least, self.since = epoch.validation, 0
        else:
            self.since += 1


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The place of one training's progress; nothing is kept without a folder.

    The file bears the digest of all that decides what comes out, so that no other training takes it
    for its own, and begins with the digest of its bytes, so that nobody goes on from half of it.
    """

    folder: Path | None
    key: str = ""

    def read(self) -> Progress | None:
        """Where the training stood when it was ended; None: it begins."""
        if self.folder is None:
            return None
        try:
            data = self._file.read_bytes()
        except OSError:
            return None
        body = data[_DIGEST:]
        return _progress(body) if sha256(body).digest() == data[:_DIGEST] else None

    def write(self, progress: Progress) -> None:
        """Keep it, in place of what was kept before. A disk that takes nothing ends no training."""
        if self.folder is None:
            return
        body = _bytes(progress)
        aside = self._file.with_suffix(f".{os.getpid()}{_ASIDE}")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(sha256(body).digest() + body)
            aside.replace(self._file)

    def remove(self) -> None:
        """It is finished; so are those of which nobody has heard again."""
        if self.folder is not None:
            for ending in (_ENDING, _ASIDE):
                for file in self.folder.glob(f"*{ending}"):
                    with suppress(OSError):
                        file.unlink()

    @property
    def _file(self) -> Path:
        assert self.folder is not None  # noqa: S101 whoever asks has looked
        return self.folder / f"{self.key}{_ENDING}"


def key_of(facts: Iterable[bytes | str | np.ndarray]) -> str:
    """The digest of everything that decides what comes out of a training."""
    digest = sha256()
    for fact in facts:
        data = fact.encode() if isinstance(fact, str) else bytes(fact)
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def _bytes(progress: Progress) -> bytes:
    from safetensors.numpy import save

    parts: dict[str, Arrays] = {part: getattr(progress, part) for part in _PARTS}
    arrays = {f"{part}/{name}": one for part in _PARTS for name, one in parts[part].items()}
    tally = Tally(**{name: getattr(progress, name) for name in Tally.__struct_fields__})
    return bytes(save(arrays, {"tally": msgspec.json.encode(tally).decode()}))


def _progress(body: bytes) -> Progress:
    from safetensors.numpy import load

    size = int.from_bytes(body[:8], "little")
    told = msgspec.json.decode(body[8 : 8 + size])["__metadata__"]["tally"]
    tally = msgspec.json.decode(told, type=Tally)
    parts: dict[str, Any] = {part: {} for part in _PARTS}
    for path, array in load(body).items():
        part, _, name = path.partition("/")
        parts[part][name] = array
    return Progress(**parts, **msgspec.structs.asdict(tally))
