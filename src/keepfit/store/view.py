"""What a stage holds, as a file for people and other tools. keepfit never reads it."""

from __future__ import annotations

import contextlib

import msgspec

from keepfit.digest import canonical
from keepfit.errors import StoreError
from keepfit.store import keys
from keepfit.store.backends.steps import Advise, Steps
from keepfit.store.log.state import State


def show(model: str, state: State, stage: str) -> Steps[None]:
    """Overwrite the view of a stage that holds something; it is advice, and may be lost."""
    with contextlib.suppress(StoreError):  # the stage has moved; nobody is to be told otherwise
        yield Advise(keys.view(model, stage), shown(model, state, stage))


def shown(model: str, state: State, stage: str) -> bytes:
    """The view as JSON: the version, where its files lie, and who put it there, when and how."""
    held = state.stages[stage]
    version = state.versions[held.version]
    facts = {
        "model": model,
        "stage": stage,
        "version": held.version,
        "files": keys.version_folder(model, held.version, version.attempt),
        "manifest_sha256": version.manifest,
        "by": held.actor,
        "at": held.at,
        "how": held.how,
        "reason": held.reason,
        "record": held.seq,
        "note": "for people and other tools; keepfit itself reads the log",
    }
    return msgspec.json.format(canonical(facts), indent=2) + b"\n"
