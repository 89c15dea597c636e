"""The serving process of a project: its models from its registry, as its file says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from keepfit.config.load import Project
from keepfit.config.schema.serving import Answering, Serve
from keepfit.lifecycle.releasing.trust import trust_of
from keepfit.names import Reference
from keepfit.serve.follow import Stage
from keepfit.serve.metrics import Metrics
from keepfit.serve.predictions import PredictionLog
from keepfit.serve.server import Process, World
from keepfit.store.open import open_store
from keepfit.store.registry import Registry


def process_of(  # noqa: PLR0913 what a process is made of
    project: Project,
    registry: Registry,
    references: Sequence[Reference],
    settings: Serve,
    world: World,
    *,
    metrics: Metrics,
) -> Process:
    """A process that answers for what the references name; nothing is read yet."""
    answering = {r.model: _answering(project, r.model) for r in references}
    trust = partial(trust_of, project)
    return Process(
        {
            r.model: Stage(registry, r, project.stages, project.root, trust, answering.get(r.model))
            for r in references
        },
        settings,
        world,
        metrics=metrics,
        predictions=_log(project, world, metrics, answering),
    )


def _answering(project: Project, model: str) -> Answering:
    """What the file says of answers; of a model that left it, what the default does."""
    return project.models[model].serve if model in project.models else Answering()


def _log(
    project: Project, world: World, metrics: Metrics, answering: dict[str, Answering]
) -> PredictionLog | None:
    """The prediction log, where a model keeps one."""
    if not any(one.log for one in answering.values()):
        return None
    return PredictionLog(
        store=open_store(project.store),
        answering=answering,
        metrics=metrics,
        tell=world.tell,
        clock=world.clock,
        random=world.random,
        entropy=world.entropy,
    )
