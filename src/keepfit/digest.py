"""Digests and the one way in which records become bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

Digest = str  # the 64 hex digits of a sha256

_encoder = msgspec.json.Encoder(order="sorted")


def sha256(data: bytes | memoryview) -> Digest:
    """The sha256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> Digest:
    """The sha256 of a file's bytes, in hex, read in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical(record: Any) -> bytes:
    """The canonical JSON of a record: sorted keys, no spaces, UTF-8, shortest round-trip floats."""
    return _encoder.encode(record)


def digest_of(record: Any) -> Digest:
    """The sha256 of a record's canonical JSON, in hex."""
    return sha256(canonical(record))
