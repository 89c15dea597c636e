"""Files in one archive whose bytes depend on nothing but them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip archive, by name, without times."""
    buffer = io.BytesIO()
    # Stored, not deflated: which bytes deflate makes is up to the zlib of the Python at hand.
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name in sorted(files):
            entry = ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of an archive, by name; BadZipFile for what is none."""
    with ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
