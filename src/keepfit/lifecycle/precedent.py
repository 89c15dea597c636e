"""The judgement before: how often the rows that judge have judged."""

from __future__ import annotations

from keepfit.errors import KeepfitError
from keepfit.evaluate.certificate import Precedent
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.store.registry import Registry


def precedent_of(model: Model, registry: Registry) -> Precedent:
    """The newest judgement of the model; a model that has no version yet has none."""
    newest = registry.state(model.name).newest_on(model.branch)
    if newest is None:
        return Precedent()
    try:
        found = judgement_of(registry, model.name, newest).evidence.certificate
    except KeepfitError as error:  # the count is told as unknown; the champion can be judged still
        return Precedent(error=str(error))
    return Precedent(found, None if found else f"{newest.version} has no certificate")
