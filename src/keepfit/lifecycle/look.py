"""What a version is, read from the store and checked."""

from __future__ import annotations

from typing import Any

import msgspec

from keepfit.errors import Corrupt
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.open import MODEL, below
from keepfit.names import Reference
from keepfit.records.base import Record
from keepfit.records.version import Manifest
from keepfit.store.log.events import Promote
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.state import State
from keepfit.store.registry import Registry


class Inside(Record, frozen=True, kw_only=True):
    """A version from the inside."""

    manifest: Manifest
    judgement: Judgement  # the newest
    described: dict[str, Any]  # what its kind tells of it: encoding, coefficients
    promotions: tuple[Promote, ...] = ()  # by which it came into stages, oldest first


def judgement_of(registry: Registry, model: str, version: VersionState) -> Judgement:
    """The newest evidence on the version, and the verdict; Corrupt if it was changed."""
    data = registry.evidence(model, version.version)
    try:
        return msgspec.json.decode(data, type=Judgement)
    except msgspec.MsgspecError as error:
        raise Corrupt(f"the evidence of {model} {version.version}: {error}") from error


def _promotions(state: State, version: str) -> tuple[Promote, ...]:
    found = [p for past in state.past.values() for p in past if p.version == version]
    return tuple(sorted(found, key=lambda promotion: promotion.seq))


def describe(registry: Registry, text: str, stages: tuple[str, ...]) -> Inside:
    """Everything that `keepfit show` tells of the version that `MODEL@…` names."""
    from keepfit.train.artifact import load

    reference = Reference.parse(text)
    version = registry.resolve(reference, stages)
    manifest = registry.manifest(reference.model, version.version)
    files = below(registry.files(reference.model, version.version), MODEL)
    fitted = load(manifest.candidate.kind, files, manifest.candidate.files)
    return Inside(
        manifest=manifest,
        judgement=judgement_of(registry, reference.model, version),
        described=fitted.describe(),
        promotions=_promotions(registry.state(reference.model), version.version),
    )
