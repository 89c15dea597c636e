"""From what somebody calls a version to the version."""

from __future__ import annotations

import re
from collections.abc import Collection

from keepfit.errors import Refused, UnknownName
from keepfit.names import LATEST, Reference
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.shelf import Spelling
from keepfit.store.log.state import State

_NUMBERS = re.compile(r"\d{1,9}(\.\d{1,9}){0,2}")  # one to three


def resolve(state: State, reference: Reference, stages: Collection[str]) -> VersionState:
    """The version by stage, else by number, label or `latest`; UnknownName with what there is."""
    if reference.selector in stages:
        return _held_by(state, reference)
    latest = reference.selector == LATEST
    found = state.newest if latest else _of_main_first(state, reference)
    if found is None:
        raise _unknown(state, reference)
    return found


def published(state: State, model: str, version: str) -> VersionState:
    """The version with this full name; UnknownName with what there is, Refused if it is deleted."""
    held = state.versions.get(version)
    if held is None:
        raise UnknownName(f"version of {model} called", version, state.versions.recent)
    if held.status != "live":
        raise deleted(model, held)
    return held


def deleted(model: str, held: VersionState) -> Refused:
    """The error for whoever wants to use a version that was collected."""
    number = held.version.partition("-")[0]
    if held.status == "tombstoned":
        hint = f"for some days it can be had back: keepfit undelete {model}@{number}"
        return Refused(f"{model} {held.version} was deleted", hint=hint)
    if held.status == "recipe":
        hint = f"its recipe is kept, which makes it again: keepfit restore {model}@{number}"
        return Refused(f"{model} {held.version} was collected to its recipe", hint=hint)
    hint = f"when and why: keepfit history {model}"
    return Refused(f"{model} {held.version} was deleted for good", hint=hint)


def named(state: State, reference: Reference) -> VersionState:
    """The version by number or label, deleted or not; UnknownName with what there is."""
    found = state.versions.highest(lambda v: reference.selects(v.name), _span(reference))
    if found is None:
        raise _unknown(state, reference)
    return found


def _of_main_first(state: State, reference: Reference) -> VersionState | None:
    """The live version that is meant: no work on a branch comes before what main has."""
    span = _span(reference)

    def answers(held: VersionState) -> bool:
        return held.status == "live" and reference.selects(held.name)

    found = state.versions.highest(answers, span)
    if found is None or not found.branch:
        return found
    main = state.versions.highest(lambda held: not held.branch and answers(held), span)
    return main or found


def _span(reference: Reference) -> Spelling:
    """Between which numbers the meant versions lie, so that few pages are read."""
    text = reference.selector.partition("-")[0]
    given = [int(n) for n in text.split(".")] if _NUMBERS.fullmatch(text) else []
    if not given:
        return None, None
    low, end = (*given, 0, 0)[:3], (*given[:-1], given[-1] + 1, 0, 0)[:3]
    return (low[0], low[1], low[2]), (end[0], end[1], end[2])


def _unknown(state: State, reference: Reference) -> UnknownName | Refused:
    gone = state.versions.highest(lambda v: reference.selects(v.name), _span(reference))
    if gone is not None and reference.selector != LATEST:
        return deleted(reference.model, gone)
    known = [*state.stages, *state.versions.recent]
    return UnknownName(f"version of {reference.model} called", reference.selector, known)


def _held_by(state: State, reference: Reference) -> VersionState:
    promotion = state.stages.get(reference.selector)
    if promotion is None:
        raise UnknownName(
            f"version of {reference.model} in stage", reference.selector, state.stages
        )
    return state.versions[promotion.version]
