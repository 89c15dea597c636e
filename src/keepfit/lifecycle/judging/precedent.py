"""Judgements before this one: how often the same rows judged, and on which benchmark files."""

from __future__ import annotations

from keepfit.digest import Digest
from keepfit.errors import KeepfitError
from keepfit.evaluate.certificate import Precedent
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.store.log.nouns import VersionState
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


def judged_on(model: Model, registry: Registry, version: VersionState) -> dict[str, Digest | None]:
    """The digests of the benchmarks' files that a version was judged on, by benchmark."""
    if not model.spec.benchmark:
        return {}
    evidence = judgement_of(registry, model.name, version).evidence
    return {score.name: score.digest for score in evidence.benchmarks}
