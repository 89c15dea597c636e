"""From what somebody calls a version to the version."""

from __future__ import annotations

from collections.abc import Collection

from keepfit.errors import UnknownName
from keepfit.names import Reference
from keepfit.store.nouns import VersionState
from keepfit.store.state import State


def resolve(state: State, reference: Reference, stages: Collection[str]) -> VersionState:
    """The version by stage, else by number, label or `latest`; UnknownName with what there is."""
    if reference.selector in stages:
        return _held_by(state, reference)
    named = [held for held in state.versions.values() if reference.selects(held.name)]
    if not named:
        known = [*state.stages, *state.versions]
        raise UnknownName(f"version of {reference.model} called", reference.selector, known)
    return max(named, key=lambda held: held.name)


def published(state: State, model: str, version: str) -> VersionState:
    """The version with this full name; UnknownName with what there is."""
    if version not in state.versions:
        raise UnknownName(f"version of {model} called", version, state.versions)
    return state.versions[version]


def _held_by(state: State, reference: Reference) -> VersionState:
    promotion = state.stages.get(reference.selector)
    if promotion is None:
        raise UnknownName(
            f"version of {reference.model} in stage", reference.selector, state.stages
        )
    return state.versions[promotion.version]
