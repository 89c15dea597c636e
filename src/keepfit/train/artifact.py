"""A model's files: their digests, and the way back from bytes to a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keepfit.digest import Digest, sha256
from keepfit.errors import Corrupt
from keepfit.kinds import loader
from keepfit.kinds.base import Fitted


def digests(files: Mapping[str, bytes]) -> dict[str, Digest]:
    """The sha256 of each file, by name, sorted."""
    return {name: sha256(files[name]) for name in sorted(files)}


def load(
    kind_name: str,
    files: Mapping[str, bytes],
    expected: Mapping[str, Digest],
    home: Path | None = None,
) -> Fitted:
    """The model that `files` hold; Corrupt, before any byte is parsed, if a digest is another.

    `home` is where the project's Python lies; without it a kind of the project's own can be told
    of, but not asked.
    """
    verify(files, expected)
    return loader(kind_name, files, home).load({name: files[name] for name in expected})


def verify(files: Mapping[str, bytes], expected: Mapping[str, Digest]) -> None:
    """Corrupt, with both digests, unless `files` are exactly the expected ones."""
    for name in sorted(files.keys() | expected.keys()):
        found = sha256(files[name]) if name in files else "no such file"
        wanted = expected.get(name, "no such file")
        if found != wanted:
            raise Corrupt(
                f"model file {name}: expected sha256 {wanted}, found {found}",
                hint="the file was changed after it was published; take another version",
            )
