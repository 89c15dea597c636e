"""Versions on rows: one scored, two compared, one judged again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.config.schema.rows import Split
from keepfit.data.series import without_scale
from keepfit.errors import NotComparable, UserError
from keepfit.evaluate.benchmark import benchmark_score
from keepfit.evaluate.compare import Sides, asked_for, score
from keepfit.evaluate.evidence import different
from keepfit.evaluate.metrics import get
from keepfit.evaluate.sample import Sample, classes_of
from keepfit.lifecycle.judging.benchmarks import answers
from keepfit.lifecycle.judging.champion import open_rival
from keepfit.lifecycle.judging.exhibits import subject_of
from keepfit.lifecycle.judging.judgement import Contender, Ground, Judgement, judged
from keepfit.lifecycle.judging.precedent import judged_on, precedent_of
from keepfit.lifecycle.judging.rivals import rivals_for
from keepfit.lifecycle.judging.scale import with_scale
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import Opened, open_version
from keepfit.lifecycle.peek import look_at, ready_at
from keepfit.lifecycle.ports import Ports
from keepfit.records.base import Record
from keepfit.records.comparison import BenchmarkScore, MetricScore
from keepfit.records.rows import Finding
from keepfit.store.log.nouns import VersionState
from keepfit.train.agreement import agreements


class Evaluated(Record, frozen=True, kw_only=True):
    """A version on some rows."""

    model: str
    version: str
    data: str  # which rows
    rows: int
    learned_from: int  # rows that it had learned from, left out
    scores: tuple[MetricScore, ...]
    benchmarks: tuple[BenchmarkScore, ...] = ()
    findings: tuple[Finding, ...] = ()  # series that a metric leaves out


class Compared(Record, frozen=True, kw_only=True):
    """Two versions on the same rows."""

    judgement: Judgement


def ground_of(model: Model, ports: Ports, data: Path | None) -> Ground:
    """The holdout that the sources give now, or every row of a file."""
    from keepfit.data.prepare import prepare

    if data is None:
        snapshot, peek = look_at(model, ports)
        prepared = prepare(
            snapshot, model.spec, peek.path, root=model.root, transform=model.transform()
        )
        return Ground.holdout(prepared, model.spec)
    if not data.exists():
        raise UserError(f"there is no file {data}")
    snapshot, peek = look_at(model, ports, spec=_reading(model.spec, data))
    return Ground.all_of(ready_at(model, snapshot, peek), model.spec)


def _ground(model: Model, ports: Ports, data: Path | None, unit: Opened) -> Ground:
    """The same; errors of a forecast on a file are measured in what `unit` learned from."""
    ground = ground_of(model, ports, data)
    if data is None:
        return ground
    rows = with_scale(ground.rows, ground.raw, unit)
    return replace(ground, rows=rows, findings=(*ground.findings, *without_scale(rows, model.spec)))


def _reading(spec: ModelSpec, file: Path) -> ModelSpec:
    """The model's spec with another source: the file, whole."""
    data = {"source": str(file.absolute()), "query": None, "window": None}
    return spec.model_copy(
        update={"data": spec.data.model_copy(update=data), "split": Split(seed=spec.split.seed)}
    )


def evaluate(model: Model, ports: Ports, opened: Opened, data: Path | None) -> Evaluated:
    """A version's metrics on rows that it has not learned from."""
    ground = _ground(model, ports, data, opened).with_cases(model, {})
    fresh = ~np.isin(ground.keys, opened.keys)
    if not fresh.any():
        raise NotComparable(
            f"{model.name}: {opened.state.version} has learned from each of the "
            f"{fresh.size:,} rows; none is left to score",
            hint="name newer rows with --data",
        )
    rows = ground.rows.filter(pl.Series(fresh))
    said = ground.predicted(opened.predictor).only(fresh)
    truth = rows[model.spec.target]
    classes = classes_of(truth, said) if model.task == "classification" else ()
    own = model.own_metrics()
    said_of = answers(ground.cases, opened.predictor)
    sides = Sides(Sample(truth, said, classes, rows), None, None)
    return Evaluated(
        model=model.name,
        version=opened.state.version,
        data=str(data) if data else "the present holdout",
        rows=rows.height,
        learned_from=int((~fresh).sum()),
        scores=tuple(
            score(own.get(name) or get(name), sides)
            for name in asked_for(model.spec.gate, model.task, len(classes), model.spec.series)
        ),
        benchmarks=tuple(
            benchmark_score(cases, said_of.get(cases.name), None, model.task)
            for cases in ground.cases
        ),
        findings=without_scale(rows, model.spec),
    )


def compare(
    model: Model, ports: Ports, challenger: Opened, champion: Opened, data: Path | None
) -> Compared:
    """Two versions on the same rows, none of which either has learned from."""
    different(challenger.side, champion.side, model.name)
    ground = _ground(model, ports, data, champion).with_cases(
        model, judged_on(model, ports.registry, champion.state)
    )
    sides = Contender.of(challenger, ground), Contender.of(champion, ground)
    return Compared(
        judgement=judged(
            model,
            ground,
            challenger.manifest.candidate,
            *sides,
            precedent=precedent_of(model, ports.registry),
            rivals=rivals_for(model, ports.registry, ground),
        )
    )


def judge_again(
    model: Model, ports: Ports, version: VersionState, champion: str | None
) -> Judgement:
    """A version held against a champion on the holdout that the sources give now."""
    held = ports.registry.state(model.name).versions[champion] if champion else None
    ground = ground_of(model, ports, None).with_cases(
        model, judged_on(model, ports.registry, held) if held else {}
    )
    challenger = open_version(ports.registry, model.name, version, model.root)
    # The rows of its training may be gone: what they held was written down then.
    before = judgement_of(ports.registry, model.name, version).evidence.exhibits
    learned = before.profile if before else None
    against = open_rival(model, ports.registry, held) if held else None
    ground = ground.with_told(challenger.predictor, model.spec)
    ours = Contender.of(challenger, ground)
    return judged(
        model,
        ground,
        challenger.manifest.candidate,
        ours,
        Contender.of(against, ground) if against else None,
        precedent=precedent_of(model, ports.registry),
        rivals=rivals_for(model, ports.registry, ground),
        subject=subject_of(challenger.predictor, learned),
        compiled=agreements(
            challenger.manifest.candidate.kind,
            challenger.predictor,
            ground.raw,
            ours.said,
            challenger.compiled,
        ),
    )
