"""The training half: a job's rows go through the lifecycle, and its model is left as a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from keepfit.config.load import Project
from keepfit.data.files.statcache import StatCache
from keepfit.digest import Digest
from keepfit.errors import GateFailed
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.model import Model, model_of
from keepfit.lifecycle.open import fetch_version
from keepfit.lifecycle.plan import plan
from keepfit.lifecycle.ports import Ports, Say
from keepfit.lifecycle.rebuilding.bundle import write_bundle
from keepfit.lifecycle.releasing.release import Release
from keepfit.lifecycle.retrain import Retrained, retrain
from keepfit.sagemaker.columns import has_header, positional
from keepfit.sagemaker.job import Job
from keepfit.sagemaker.project import Declared
from keepfit.sagemaker.stage import Table, is_csv, named, stage
from keepfit.sagemaker.tree import Tree
from keepfit.store.log.seen import Seen
from keepfit.store.open import open_store
from keepfit.store.registry import Registry
from keepfit.train.worker import Trainer

ACTOR = "KEEPFIT_ACTOR"


@dataclass(frozen=True, slots=True)
class World:
    """What training is done in."""

    tree: Tree
    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    say: Say


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job."""

    job: str  # its name; "" where nobody told
    model: str
    version: str
    judgement: Judgement
    releases: tuple[Release, ...]
    bundle: Path | None  # None: the gate refused the model, so that nothing was left
    manifest: Digest | None

    @property
    def refused(self) -> GateFailed | None:
        """Why there is no bundle."""
        if self.bundle:
            return None
        return GateFailed(
            f"{self.model} {self.version} was refused by the gate: {self.judgement.verdict.why}",
            hint="no model was written; the log has every score",
        )


@contextmanager
def begun(tree: Tree) -> Iterator[None]:
    """What an earlier job said of its failure is gone; afterwards the scratch folder is, too."""
    shutil.rmtree(tree.scratch, ignore_errors=True)
    tree.failure.unlink(missing_ok=True)
    try:
        yield
    finally:
        shutil.rmtree(tree.scratch, ignore_errors=True)


def train(job: Job, declared: Declared, world: World, trainer: Trainer) -> Outcome:
    """Train the job's model, let the gate decide, and leave its bundle where that let it pass."""
    _stage(declared, world.tree)
    model = model_of(declared.project, declared.name)
    ports = _ports(declared.project, world, trainer)
    done = _retrained(model, ports, job)
    passed = done.judgement.verdict.outcome != "fail"
    return Outcome(
        job=job.name,
        model=done.model,
        version=done.version,
        judgement=done.judgement,
        releases=done.releases,
        bundle=world.tree.model if passed else None,
        manifest=_leave(done, ports.registry, world) if passed else None,
    )


def _stage(declared: Declared, tree: Tree) -> None:
    spec = declared.project.models[declared.name]
    for channel in declared.plan.all:
        header = has_header(channel, declared.own)
        bare = not header and any(is_csv(named(file, channel)) for file in channel.files)
        columns = positional(spec, declared.own) if bare else ()
        stage(channel, tree.scratch / "rows" / channel.name, Table(header, columns))


def _ports(project: Project, world: World, trainer: Trainer) -> Ports:
    scratch = world.tree.scratch
    kept = project.store != str((scratch / "store").absolute())
    registry = Registry(
        open_store(project.store, durable=kept),
        clock=world.clock,
        actor=world.environ.get(ACTOR) or "sagemaker",
        seen=Seen(scratch / "seen.json", project.store),
    )
    return Ports(
        registry=registry,
        trainer=trainer,
        clock=world.clock,
        environ=world.environ,
        cache=StatCache(scratch / "files.json"),
        say=world.say,
    )


def _retrained(model: Model, ports: Ports, job: Job) -> Retrained:
    """The model, retrained whatever its schedule says: whoever started the job wants it.

    Not under the job's name: a second job on the same rows makes no second version.
    """
    planned = plan(model, ports)
    return retrain(
        model,
        ports,
        bump=planned.bump or "patch",
        reason=f"training job {job.name}" if job.name else "a training job",
        sources=planned.sources,
    )


def _leave(done: Retrained, registry: Registry, world: World) -> Digest:
    world.say(done.model, "writing the model")
    version = registry.state(done.model).versions[done.version]
    fetched = fetch_version(registry, done.model, version, environ=world.environ)
    return write_bundle(fetched, world.tree.model, overwrite=True)
