"""The versions that rules of the gate name, on the rows of a judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keepfit.errors import Corrupt, Refused, UserError
from keepfit.evaluate.rules import Rival
from keepfit.lifecycle.open import open_version
from keepfit.names import Reference

if TYPE_CHECKING:
    from keepfit.lifecycle.judging.judgement import Ground
    from keepfit.lifecycle.model import Model
    from keepfit.store.registry import Registry


def rivals_for(model: Model, registry: Registry, ground: Ground) -> dict[str, Rival]:
    """Each version that a rule is held against, by the name that the rule gives it.

    One that is not there, was collected or damaged, or predicts another target says why.
    """
    return {name: _rival(model, registry, ground, name) for name in model.spec.gate.versions}


def _rival(model: Model, registry: Registry, ground: Ground, name: str) -> Rival:
    try:
        held = registry.resolve(Reference(model.name, name), model.stages)
        opened = open_version(registry, model.name, held, model.root)
        if opened.spec.target != model.spec.target:
            return Rival(error=f"it predicts `{opened.spec.target}`, not `{model.spec.target}`")
        said = ground.predicted(opened.predictor)
    except (UserError, Refused, Corrupt) as error:
        return Rival(error=str(error))
    return Rival(opened.side, said, ~np.isin(ground.keys, opened.keys))
