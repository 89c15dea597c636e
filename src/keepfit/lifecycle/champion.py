"""The version to beat."""

from __future__ import annotations

from keepfit.lifecycle.model import Model
from keepfit.store.nouns import VersionState
from keepfit.store.state import State


def champion_of(model: Model, state: State) -> VersionState | None:
    """What the last stage points at, else the stage before it, and so on; None: nothing yet."""
    for stage in reversed(model.stages):
        if held := state.stages.get(stage):
            return state.versions[held.version]
    return None
