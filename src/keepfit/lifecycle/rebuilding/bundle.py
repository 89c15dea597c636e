"""A version as a plain folder that needs no store: its files, its manifest, and a seal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from keepfit.config.environment import expand
from keepfit.config.schema.model import ModelSpec
from keepfit.digest import Digest, canonical, sha256
from keepfit.errors import Corrupt, UserError
from keepfit.lifecycle.open import Fetched, Opened, opened
from keepfit.lifecycle.rebuilding.plain_folder import AGAIN, contents_of, file_of, fill, sync_folder
from keepfit.records.base import Bump, Record
from keepfit.records.version import File, Manifest
from keepfit.store.backends.disk import refusals
from keepfit.store.keys import MANIFEST
from keepfit.store.log.nouns import VersionState
from keepfit.store.registry import EVIDENCE

T = TypeVar("T")

SEAL = "BUNDLE.json"
_DRAFT = ".BUNDLE.json.part"  # written first, so that a half-written bundle can be told from others
_LARGEST = 64 << 20  # bytes of a seal or a manifest; one of 10,000 parts has 5 MB
_FORMAT = 1


class Seal(Record, frozen=True, kw_only=True):
    """What the log tells of a version, for where there is no log."""

    format: int = _FORMAT
    manifest: Digest  # of MANIFEST.json, which names every other file
    seq: int  # of the record that published it
    at: str  # ISO time of that record
    actor: str
    attempt: str
    op: str
    bump: Bump


def write_bundle(fetched: Fetched, folder: Path, *, overwrite: bool = False) -> Digest:
    """The version in `folder`, whole or refused by whoever opens it; the digest of its manifest.

    The folder is made, or is empty; with `overwrite` it may hold a bundle, which goes. UserError
    for any other.
    """
    manifest = canonical(fetched.manifest)
    digest = sha256(manifest)
    seal = canonical(_seal_of(fetched.state, digest))
    with refusals("write", str(folder)):
        _make_room(folder, overwrite=overwrite)
        # The seal comes last: a folder without one is no bundle, whatever else lies in it.
        fill(folder, {_DRAFT: seal})
        fill(folder, {**fetched.files, MANIFEST: manifest})
        (folder / _DRAFT).replace(folder / SEAL)
        sync_folder(folder)
    return digest


def open_bundle(
    folder: Path,
    root: Path,
    *,
    expect: Digest | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Opened:
    """The version that lies in `folder`, loaded as `opened` does; Corrupt as for `fetch_bundle`."""
    return opened(fetch_bundle(folder, expect=expect, environ=environ), root)


def fetch_bundle(
    folder: Path, *, expect: Digest | None = None, environ: Mapping[str, str] = os.environ
) -> Fetched:
    """The version's files, each held against its digest; Corrupt where one differs, is missing, or
    is too much, and for anything that is no plain file.

    `expect` is the digest of the manifest, where somebody knows it: whoever can write to the folder
    can write a manifest, too.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}", hint="keepfit export model writes bundles")
    with refusals("read", str(folder)):
        there = contents_of(folder)
        seal = _read_seal(folder, there)
        manifest = _read_manifest(folder, seal, expect)
        _refuse_others(folder, there, manifest)
        files = {file.path: _verified(folder, file) for file in manifest.files}
    return Fetched(
        state=_state_of(manifest, seal, files),
        manifest=manifest,
        spec=ModelSpec.model_validate(expand(manifest.config, environ)),  # secrets are not stored
        files=files,
    )


def manifest_in(folder: Path) -> Digest:
    """The digest of the manifest of the bundle in the folder; nothing is held against it yet."""
    with refusals("read", str(folder)):
        return _read_seal(folder, {SEAL} if (folder / SEAL).is_file() else set()).manifest


def _make_room(folder: Path, *, overwrite: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    entries = sorted(folder.iterdir())
    names = {entry.name for entry in entries}
    if entries and not names & {SEAL, _DRAFT}:
        raise UserError(
            f"{folder} holds `{entries[0].name}`, and no bundle; expected an empty folder",
            hint="name another folder, or move away what is there",
        )
    if SEAL in names and not overwrite:
        raise UserError(f"{folder} holds a bundle already", hint="add --overwrite, or name another")
    for entry in sorted(entries, key=lambda entry: entry.name != SEAL):  # it counts no more
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _read_seal(folder: Path, there: set[str]) -> Seal:
    if SEAL not in there:
        raise Corrupt(
            f"{folder} is no whole bundle: there is no {SEAL}, which is written last",
            hint=AGAIN,
        )
    seal = _decoded(folder / SEAL, file_of(folder / SEAL, _LARGEST), Seal)
    if seal.format > _FORMAT:
        raise Corrupt(
            f"{folder / SEAL} has format {seal.format}; this keepfit reads {_FORMAT}",
            hint="use the keepfit that wrote it, or a newer one",
        )
    return seal


def _read_manifest(folder: Path, seal: Seal, expect: Digest | None) -> Manifest:
    path = folder / MANIFEST
    data = file_of(path, _LARGEST)
    for wanted in {seal.manifest, expect or seal.manifest}:
        if sha256(data) != wanted:
            raise _changed(path, wanted, data)
    return _decoded(path, data, Manifest)


def _refuse_others(folder: Path, there: set[str], manifest: Manifest) -> None:
    """No file too many, none missing, and none named twice."""
    named = [file.path for file in manifest.files]
    if len({name.casefold() for name in (*named, SEAL, MANIFEST)}) != len(named) + 2:
        raise Corrupt(f"{folder / MANIFEST} names a file twice")
    if extra := sorted(there - {*named, SEAL, MANIFEST}):
        raise Corrupt(
            f"{folder / extra[0]} is not of the bundle: its manifest does not name it",
            hint="take it away; a bundle holds what its manifest names and nothing else",
        )
    for file in manifest.files:
        if file.path not in there:
            raise Corrupt(
                f"{folder / file.path} is gone; expected a file with digest {file.sha256}"
            )


def _verified(folder: Path, file: File) -> bytes:
    data = file_of(folder / file.path, file.size, f"digest {file.sha256}")
    if sha256(data) != file.sha256:
        raise _changed(folder / file.path, file.sha256, data)
    return data


def _changed(path: Path, expected: Digest, data: bytes) -> Corrupt:
    found = sha256(data)
    return Corrupt(f"{path} was changed: expected digest {expected}, found {found}", hint=AGAIN)


def _decoded(path: Path, data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Corrupt(f"{path} cannot be read: {error}") from error


def _seal_of(state: VersionState, manifest: Digest) -> Seal:
    return Seal(
        manifest=manifest,
        seq=state.seq,
        at=state.at,
        actor=state.actor,
        attempt=state.attempt,
        op=state.op,
        bump=state.bump,
    )


def _state_of(manifest: Manifest, seal: Seal, files: Mapping[str, bytes]) -> VersionState:
    """The version as the log tells of it on the day of its publication."""
    recipe = manifest.recipe
    return VersionState(
        version=manifest.version,
        seq=seal.seq,
        at=seal.at,
        actor=seal.actor,
        attempt=seal.attempt,
        manifest=seal.manifest,
        model=manifest.candidate.digest,
        evidence=sha256(files[EVIDENCE]) if EVIDENCE in files else "",
        parts=tuple(part.digest for part in recipe.snapshot.parts),
        commit=recipe.code.commit,
        op=seal.op,
        bump=seal.bump,
        config=recipe.config_digest,
        snapshot=recipe.snapshot.digest,
        code=recipe.code.digest,
    )
