"""A challenger on frozen rows: it learns while the champion is scored, then both are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from keepfit.digest import Digest
from keepfit.errors import Refused, UserError
from keepfit.lifecycle.judging.benchmarks import answers
from keepfit.lifecycle.judging.champion import Defence
from keepfit.lifecycle.judging.exhibits import profile_of, subject_of
from keepfit.lifecycle.judging.judgement import Contender, Ground, Judgement, judged
from keepfit.lifecycle.judging.precedent import judged_on, precedent_of
from keepfit.lifecycle.judging.rivals import rivals_for
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import Opened
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.warm import Beginning, beginning, warm_files
from keepfit.lifecycle.wrong_params import named
from keepfit.records.comparison import Side
from keepfit.records.rows import Column, Snapshot
from keepfit.records.training import Recipe
from keepfit.train.agreement import faster
from keepfit.train.job import Fit, Job

if TYPE_CHECKING:
    from keepfit.data.files.rows import PathOf
    from keepfit.data.prepare import Prepared
    from keepfit.train.worker import Running


@dataclass(frozen=True, slots=True)
class Trained:
    """A candidate with everything that was measured of it."""

    fit: Fit
    recipe: Recipe
    judgement: Judgement
    champion: str | None  # the version it was held against
    compiled: Mapping[str, bytes]  # files of faster ways to its answers, by name
    warm: Mapping[str, bytes]  # of what it went on from, by path


def freeze_rows(model: Model, ports: Ports, *, until: datetime | None = None) -> Snapshot:
    """The rows that the sources hold now (or held before `until`), stored once."""
    from keepfit.data.files.snapshot import freeze

    ports.say(model.name, "reading the sources")
    parts = ports.registry.parts(model.name)
    return freeze(
        model.spec, model.root, parts, until=until, environ=ports.environ, cache=ports.cache
    )


def train(model: Model, ports: Ports, snapshot: Snapshot, defence: Defence) -> Trained:
    """A candidate and its evidence; the challenger learns while the champion is evaluated."""
    champion = defence.champion
    begins = beginning(model, champion)
    parts = ports.registry.parts(model.name)
    paths = {part.digest: parts.path(part.digest) for part in snapshot.parts}
    ports.say(model.name, "training")
    job = Job.of(
        model.spec,
        snapshot,
        paths,
        root=model.root,
        code=model.code,
        warm=begins.warm,
        workplace=model.root / ".keepfit" / "unfinished" / model.name,
        notes=model.root / ".keepfit" / "notes" / model.name,
    )
    running = ports.trainer.train(job)
    prepared = _prepared(model, ports, job, champion, begins)
    ground = Ground.holdout(
        prepared, model.spec, more=(*defence.findings, *begins.findings)
    ).with_cases(model, judged_on(model, ports.registry, champion.state) if champion else {})
    theirs = Contender.of(champion, ground) if champion else None
    rivals = rivals_for(model, ports.registry, ground)
    learned = profile_of(prepared, model.spec)  # while the challenger learns
    fit = _result(running, model)
    ports.say(model.name, "judging")
    _same_rows(model, fit, prepared)
    predictor = fit.predictor(model.spec, model.transform(), home=model.root)
    ground = ground.with_told(predictor, model.spec)
    ours = Contender(
        Side(digest=fit.candidate.digest),
        prepared.split.train_keys,
        prepared.split.validation_keys,
        ground.predicted(predictor),
        answers(ground.cases, predictor),
    )
    found = faster(fit.candidate.kind, predictor, ground.raw, ours.said)
    judgement = judged(
        model,
        ground,
        fit.candidate,
        ours,
        theirs,
        precedent=precedent_of(model, ports.registry),
        rivals=rivals,
        subject=subject_of(predictor, learned),
        compiled=found.agreements,
    )
    recipe = Recipe(
        code=model.code,
        snapshot=snapshot,
        config_digest=model.training,
        seed=model.spec.split.seed,
        environment=fit.environment,
        warm=begins.warm.base if begins.warm else None,
    )
    against = champion.state.version if champion else None
    return Trained(fit, recipe, judgement, against, found.files, warm_files(begins.warm))


def _result(running: Running, model: Model) -> Fit:
    try:
        return running.result()
    except UserError as error:
        raise named(error, model) from error


def _prepared(
    model: Model, ports: Ports, job: Job, champion: Opened | None, begins: Beginning
) -> Prepared:
    """The rows, once the checks have let them pass."""
    from keepfit.data.checking.check import refuse
    from keepfit.data.prepare import prepare
    from keepfit.data.splitting.keys import read_fingerprint

    def path(digest: Digest) -> Path:
        return Path(job.paths[digest])

    previous = champion.manifest.candidate.schema if champion else None
    if job.pieces:
        prepared = _in_pieces(model, job, path, previous=previous, now=ports.clock())
    else:
        prepared = prepare(
            job.snapshot,
            model.spec,
            path,
            root=model.root,
            transform=model.transform(),
            previous=previous,
            now=ports.clock(),
            seen=read_fingerprint(begins.warm.keys) if begins.warm else None,
        )
    refuse(prepared.findings, keep_bad_rows(model, prepared), model=model.name)
    return prepared


def _in_pieces(
    model: Model, job: Job, path: PathOf, *, previous: Sequence[Column] | None, now: datetime
) -> Prepared:
    from keepfit.data.piecewise.cut_pieces import cut_pieces
    from keepfit.data.piecewise.notes import Notes

    looks, samples = Notes(job.notes, "looks"), Notes(job.notes, "samples")
    cut = cut_pieces(job.snapshot, model.spec, path, previous=previous, now=now, notes=looks)
    prepared = cut.judged(samples)
    looks.forget_others()
    samples.forget_others()
    return prepared


def keep_bad_rows(model: Model, prepared: Prepared) -> str | None:
    """The rows to blame as a file that people can open, or None where there are none."""
    file = model.root / ".keepfit" / f"{model.name}.bad.csv"
    with suppress(OSError):  # a file that cannot be written must not hide why the rows are bad
        file.unlink(missing_ok=True)
        if not prepared.bad.is_empty():
            file.parent.mkdir(exist_ok=True)
            prepared.bad.write_csv(file)
            return str(file.relative_to(model.root))
    return None


def _same_rows(model: Model, fit: Fit, prepared: Prepared) -> None:
    """Both processes cut the same rows, or the project's own code is not to be relied on."""
    theirs, ours = fit.candidate.split, prepared.split.report
    if theirs != ours:
        raise Refused(
            f"{model.name}: two processes prepared the same snapshot and got different rows: "
            f"{theirs.train:,} and {ours.train:,} to train on",
            hint="data.transform must give the same rows each time: no clock, no chance, no files",
        )
