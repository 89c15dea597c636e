"""What a model's files say, apart from how they are spelled: to tell equal from different."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

from keepfit.digest import Digest, digest_of, sha256
from keepfit.kinds.base import Fitted

Meaning = dict[str, Any]  # what is said where: `model.json: weights`, `a.zip: 1.npy`


class FileChange(NamedTuple):
    """Where one file of a model differs from what it was."""

    file: str
    where: str  # a key of JSON, a member of an archive, `bytes 12 on`, `is gone`, `is new`
    meaning: bool  # whether what it says differs, and not only how it is spelled


def parameters(fitted: Fitted, files: Mapping[str, bytes]) -> Digest:
    """The digest of what the model has learned.

    That is what its own `parameters()` gives, plain data, for kinds that have it; else what its
    files say: the values of JSON whatever its spelling, the members of archives whatever their
    times, and the bytes of all others.
    """
    own = getattr(fitted, "parameters", None)
    return digest_of(own() if own else {name: _meaning(files[name]) for name in sorted(files)})


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[FileChange]:
    """The first place in which each file differs; files that are alike are left out."""
    return [
        _change(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _change(name: str, old: bytes | None, new: bytes | None) -> FileChange:
    if old is None or new is None:
        return FileChange(name, "is gone" if new is None else "is new", meaning=True)
    was, now = _meaning(old), _meaning(new)
    if _told(was) == _told(now):
        return FileChange(name, _spelling(old, new), meaning=False)
    if isinstance(was, str) or isinstance(now, str):
        return FileChange(name, _first_byte(old, new), meaning=True)
    return FileChange(name, next(_places(was, now), "values"), meaning=True)


def _told(meaning: Any) -> str:
    """A meaning as text: Python takes -0.0 for 0.0 and NaN for another than itself."""
    return json.dumps(meaning, sort_keys=True)


def _meaning(data: bytes) -> Any:
    """JSON as values, an archive as its members' meanings, anything else as its digest."""
    if data.startswith(b"PK\x03\x04"):
        try:
            with ZipFile(io.BytesIO(data)) as archive:
                names = sorted(set(archive.namelist()))
                return {name: _meaning(archive.read(name)) for name in names}
        except BadZipFile:
            return sha256(data)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return sha256(data)
    return value if isinstance(value, dict | list) else _told(value)


def _places(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Where two values differ, such as `weights[3]`."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{path}.{key}" if path else str(key)
            if key not in old or key not in new:
                yield inner
            else:
                yield from _places(old[key], new[key], inner)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{path} ({len(old)} → {len(new)} values)"
        for place, (was, now) in enumerate(zip(old, new, strict=False)):
            yield from _places(was, now, f"{path}[{place}]")
    elif _told(old) != _told(new):
        yield path


def _spelling(old: bytes, new: bytes) -> str:
    if old.startswith(b"PK"):
        with ZipFile(io.BytesIO(old)) as one, ZipFile(io.BytesIO(new)) as other:
            for was, now in zip(one.infolist(), other.infolist(), strict=False):
                if was.filename != now.filename:
                    return f"the order of the archive's members, from {now.filename} on"
                for name in ("date_time", "external_attr", "create_system", "compress_type"):
                    if getattr(was, name) != getattr(now, name):
                        return f"{name} of {was.filename} in the archive"
        return "how the archive is packed"
    return f"only how its JSON is spelled, {_first_byte(old, new)}"


def _first_byte(old: bytes, new: bytes) -> str:
    pairs = enumerate(zip(old, new, strict=False))
    first = next((place for place, (a, b) in pairs if a != b), min(len(old), len(new)))
    return f"bytes {first:,} on"
