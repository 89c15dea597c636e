"""Whether what lies in a store is what its logs tell: chains, digests, and things nobody named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from keepfit.digest import Digest, sha256, sha256_file
from keepfit.errors import Corrupt
from keepfit.records.version import Manifest
from keepfit.store import keys
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.upkeep.ledger import Ledger, Shelved

_DERIVED = ("hint.json", "ckpt", "idx", "view", "hb")  # advice, which the log tells better


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that is not as it should be."""

    model: str  # "" where it concerns the whole store
    kind: Literal["log", "version", "evidence", "part", "leftover", "stranger", "derived", "store"]
    text: str
    harm: bool = True  # whether anything is lost or in danger
    size: int = 0  # bytes that could be freed


def look_at_log(objects: ObjectStore, ledger: Ledger) -> Iterator[Symptom]:
    """What is wrong with the log: damage, holes, records that count for nothing, strangers."""
    model = ledger.model
    if ledger.damage:
        yield Symptom(model, "log", str(ledger.damage))
    for key in objects.keys(keys.log_folder(model)):
        seq = keys.seq_of(key)
        if seq is None or key != keys.record(model, seq):
            yield Symptom(model, "stranger", f"{key} is no record", harm=False)
    for seq, why in ledger.void.items():
        yield Symptom(model, "log", f"record {seq} counts for nothing: {why}", harm=False)


def look_at_versions(
    objects: ObjectStore, ledger: Ledger, *, deep: bool, only: str | None = None
) -> Iterator[Symptom]:
    """Every version and evidence that is not whole; by digests if `deep`, else by size.

    `only` names a single version to look at.
    """
    wanted = [v for v in ledger.versions.values() if only in (None, v.version)]
    evidence = {  # of what no version's files hold
        digest: name for digest, name in ledger.evidence.items() if only in (None, name)
    }
    whole = set()
    for version in wanted:
        manifest, problem = _manifest(objects, ledger.model, version)
        if manifest is None:
            yield Symptom(ledger.model, "version", problem)
            continue
        whole.add(version.version)
        folder = keys.version_folder(ledger.model, version.version, version.attempt)
        for file in manifest.files:
            evidence.pop(file.sha256, None)
            if file.path in version.gone:
                continue
            if wrong := _wrong(objects, f"{folder}/{file.path}", file.size, file.sha256, deep=deep):
                yield Symptom(ledger.model, "version", f"{version.version}: {wrong}")
    for digest, name in evidence.items():
        key = keys.evidence(ledger.model, digest)
        if name in whole and (wrong := _wrong(objects, key, None, digest, deep=True)):
            yield Symptom(ledger.model, "evidence", f"{name}: {wrong}")


def look_at_parts(
    objects: ObjectStore, ledger: Ledger, *, deep: bool, only: Collection[Digest] | None = None
) -> Iterator[Symptom]:
    """Every part, or each of `only`, that is not whole; by digests if `deep`, else by size."""
    for (attempt, digest), part in ledger.parts.items():
        if only is not None and digest not in only:
            continue
        key = keys.part(ledger.model, attempt, part)
        if (size := objects.size(key)) != part.size:
            yield Symptom(ledger.model, "part", _differs(key, f"{part.size:,} bytes", size))
        elif deep and (found := sha256_file(objects.local(key))) != digest:
            yield Symptom(ledger.model, "part", _differs(key, f"digest {digest}", found))


def look_for_additions(
    objects: ObjectStore, model: str, version: Shelved, manifest: Manifest
) -> Iterator[Symptom]:
    """Files in the version's folder that its manifest does not name."""
    folder = keys.version_folder(model, version.version, version.attempt)
    named = {f"{folder}/{name}" for name in (keys.MANIFEST, *(f.path for f in manifest.files))}
    for key in objects.keys(folder):
        if key not in named:
            yield Symptom(model, "stranger", f"{key} is not in the manifest of {version.version}")


def look_for_leftovers(objects: ObjectStore, ledger: Ledger) -> Iterator[Symptom]:
    """Files of dead attempts, and files that no record names: nothing is lost by either."""
    if ledger.damage:
        return  # records that cannot be read may name them
    dead: Counter[str] = Counter()
    unknown: dict[str, list[str]] = {}
    model = ledger.model
    for key in objects.keys(f"{keys.MODELS}/{model}"):
        kind, _, rest = key.removeprefix(f"{keys.MODELS}/{model}/").partition("/")
        if kind in _DERIVED or kind == "log":
            continue
        attempt = _attempt(kind, rest)
        fate = ledger.attempts.get(attempt) if attempt else None
        if kind == "e" and rest.removesuffix(".json") in ledger.evidence:
            continue
        over = (kind == "p" and not _booked(ledger, rest)) or (kind == "v" and _gone(ledger, rest))
        if fate == "dead" or (fate == "kept" and over):
            dead[attempt or ""] += objects.size(key) or 0
        elif fate is None:
            unknown.setdefault(attempt or key, []).append(key)
    for attempt, size in dead.items():
        text = f"files of the attempt {attempt}, which is over: keepfit gc deletes them"
        yield Symptom(model, "leftover", text, harm=False, size=size)
    for place, found in unknown.items():
        size = sum(objects.size(key) or 0 for key in found)
        yield Symptom(model, "stranger", _unknown(place, found), harm=False, size=size)


def _booked(ledger: Ledger, rest: str) -> bool:
    """Whether a part is still one that versions may be made from."""
    attempt, _, name = rest.partition("/")
    return (attempt, name.partition(".")[0]) in ledger.parts


def _gone(ledger: Ledger, rest: str) -> bool:
    """Whether a file of a version is one that only its recipe is left of."""
    name, _, path = rest.partition("/")
    held = ledger.versions.get(name)
    return held is not None and path.partition("/")[2] in held.gone


def _attempt(kind: str, rest: str) -> str | None:
    """The attempt whose folder a key lies in."""
    steps = rest.split("/")
    if kind == "v" and len(steps) > 2:
        return steps[1]
    return steps[0] if kind == "p" and len(steps) > 1 else None


def _unknown(place: str, found: list[str]) -> str:
    if place in found:
        return f"{place} is nothing that keepfit writes"
    return (
        f"files of the attempt {place}, which no record names: a run at work, or one that died "
        f"({found[0]}{', …' if len(found) > 1 else ''})"
    )


def _manifest(objects: ObjectStore, model: str, version: Shelved) -> tuple[Manifest | None, str]:
    folder = keys.version_folder(model, version.version, version.attempt)
    key = f"{folder}/{keys.MANIFEST}"
    if wrong := _wrong(objects, key, None, version.manifest, deep=True):
        return None, f"{version.version}: {wrong}"
    return msgspec.json.decode(objects.get(key) or b"", type=Manifest), ""


def _wrong(
    objects: ObjectStore, key: str, size: int | None, digest: Digest, *, deep: bool
) -> str | None:
    """What is wrong with an object, or None."""
    if not deep:
        found = objects.size(key)
        return None if found == size else _differs(key, f"{size:,} bytes", found)
    try:
        data = objects.get(key)
    except Corrupt as error:
        return str(error)
    if data is None:
        return _differs(key, f"digest {digest}", None)
    return None if sha256(data) == digest else _differs(key, f"digest {digest}", sha256(data))


def _differs(key: str, expected: str, found: object) -> str:
    if found is None:
        return f"{key} is gone; expected {expected}"
    return f"{key} was changed: expected {expected}, found {found}"
