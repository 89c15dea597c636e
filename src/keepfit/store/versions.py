"""The files of a version: checked when they are written, and each time before they are used."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from keepfit.digest import Digest, canonical, sha256
from keepfit.errors import Corrupt, StoreError, UnknownName
from keepfit.records.version import File, Manifest
from keepfit.store import keys
from keepfit.store.backends.settle import settle
from keepfit.store.backends.steps import Get, Size, Steps, Write
from keepfit.store.log.nouns import VersionState

_BACKUP = "restore it from a backup, or build the version again: keepfit rebuild"


def described(files: Mapping[str, bytes]) -> tuple[File, ...]:
    """What a manifest says of the files, sorted by path."""
    return tuple(
        File(path=path, size=len(data), sha256=sha256(data)) for path, data in sorted(files.items())
    )


def store(folder: str, files: Mapping[str, bytes], manifest: Manifest) -> Steps[None]:
    """Write the manifest and all it names, and look whether they are complete."""
    if manifest.files != described(files):
        raise ValueError("the manifest names other files than those to be published")
    contents = canonical(manifest)
    yield Write(folder, {**files, keys.MANIFEST: contents})
    if (yield Get(f"{folder}/{keys.MANIFEST}")) != contents:
        raise _not_kept(f"{folder}/{keys.MANIFEST}")
    for file in manifest.files:
        if (yield Size(f"{folder}/{file.path}")) != file.size:
            raise _not_kept(f"{folder}/{file.path}")


def read_manifest(model: str, version: VersionState) -> Steps[Manifest]:
    """The manifest that the log names; Corrupt if it is another one by now."""
    folder = keys.version_folder(model, version.version, version.attempt)
    data = yield from _verified(f"{folder}/{keys.MANIFEST}", version.manifest)
    return msgspec.json.decode(data, type=Manifest)


def read_files(
    model: str, version: VersionState, names: Collection[str] | None
) -> Steps[dict[str, bytes]]:
    """The bytes by path, of all files or of those asked for; not one before all are verified."""
    manifest = yield from read_manifest(model, version)
    folder = keys.version_folder(model, version.version, version.attempt)
    listed = {file.path: file for file in manifest.files}
    contents = {}
    for name in listed if names is None else names:
        if name not in listed:
            raise UnknownName(f"file of {model} {version.version}", name, listed)
        contents[name] = yield from _verified(f"{folder}/{name}", listed[name].sha256)
    return contents


def read_evidence(model: str, version: VersionState, name: str) -> Steps[bytes]:
    """The newest evidence on a version: the file `name` of it, or what was gathered later."""
    manifest = yield from read_manifest(model, version)
    if version.evidence in {file.sha256 for file in manifest.files if file.path == name}:
        folder = keys.version_folder(model, version.version, version.attempt)
        return (yield from _verified(f"{folder}/{name}", version.evidence))
    return (yield from _verified(keys.evidence(model, version.evidence), version.evidence))


def keep_evidence(model: str, data: bytes) -> Steps[Digest]:
    """The digest of evidence that was gathered later, once it is stored."""
    key = keys.evidence(model, digest := sha256(data))
    # Its name is its digest: whoever was quicker wrote the same, or somebody tampered with it.
    held = yield from settle(key, data)
    if held != data:
        raise _changed(key, digest, held)
    return digest


def _verified(key: str, expected: Digest) -> Steps[bytes]:
    data: bytes | None = yield Get(key)
    if data is None:
        raise Corrupt(f"{key} is gone; expected a file with digest {expected}", hint=_BACKUP)
    if sha256(data) != expected:
        raise _changed(key, expected, data)
    return data


def _changed(key: str, expected: Digest, data: bytes) -> Corrupt:
    message = f"{key} was changed: expected digest {expected}, found {sha256(data)}"
    return Corrupt(message, hint=_BACKUP)


def _not_kept(key: str) -> StoreError:
    return StoreError(
        f"{key} is not what was written a moment ago; nothing was published",
        hint="run the command again; if it happens twice, the store cannot be trusted",
    )
