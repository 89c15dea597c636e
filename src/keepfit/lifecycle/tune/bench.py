"""Trainings on parts of the training rows, each judged on rows that it has not learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.checking.check import refuse
from keepfit.data.prepare import prepare
from keepfit.data.splitting.folds import Fold, Mask, fewer, folds_of, units_of
from keepfit.data.splitting.keys import Keys, row_keys
from keepfit.data.splitting.sides import times_of
from keepfit.data.splitting.split import Split
from keepfit.digest import Digest, sha256
from keepfit.errors import KeepfitError, Refused, UserError
from keepfit.evaluate import luck
from keepfit.evaluate.dependence import dependence
from keepfit.evaluate.folds import Luck, over_folds
from keepfit.evaluate.metrics import Metric, get
from keepfit.evaluate.names import problem
from keepfit.evaluate.sample import Sample, classes_of
from keepfit.lifecycle.judging.challenge import keep_bad_rows
from keepfit.lifecycle.judging.score import gate_metric
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.peek import Peek, look_at
from keepfit.lifecycle.ports import Ports
from keepfit.records.comparison import Comparison
from keepfit.train.artifact import load
from keepfit.train.job import Fit, Job, Portion
from keepfit.train.worker import Running

_FEW = 100  # rows


@dataclass(frozen=True, slots=True)
class Judged:
    """A model of a part of the rows, and what it says of others."""

    sample: Sample
    score: float
    learned: int  # rows
    seconds: float  # that fitting took


@dataclass(frozen=True, slots=True)
class Bench:
    """The rows that may be learned from, without the holdout, and the way to train on them."""

    model: Model
    ports: Ports
    split: Split
    folds: tuple[Fold, ...]
    metric: Metric
    seed: int
    job: Job  # of the file's params
    peek: Peek  # what was fetched for this lies as long as this is held

    @classmethod
    def of(cls, model: Model, ports: Ports, metric: str | None = None) -> Bench:
        """The rows that the sources hold now, once the checks have let them pass, in folds.

        UserError for series, which folds would tear apart; what `prepare`, `check.refuse` and
        `folds_of` raise.
        """
        if model.spec.series is not None:
            raise UserError(
                f"model.{model.name} forecasts series, and folds of rows would tear them apart",
                hint="compare params by two models, with more series.cutoffs",
            )
        ports.say(model.name, "reading the sources")
        spec = _undivided(model.spec)
        snapshot, peek = look_at(model, ports, spec=spec)
        prepared = prepare(
            snapshot,
            spec,
            peek.path,
            root=model.root,
            transform=model.transform(),
            now=ports.clock(),
        )
        refuse(prepared.findings, keep_bad_rows(model, prepared), model=model.name)
        split = prepared.split  # what must not be seen is not even here:
        split = replace(split, holdout=split.holdout.clear(), holdout_keys=split.holdout_keys[:0])
        tune = model.spec.tune
        seed = model.spec.split.seed if tune.seed is None else tune.seed
        paths = {part.digest: peek.path(part.digest) for part in snapshot.parts}
        return cls(
            model=model,
            ports=ports,
            split=split,
            folds=folds_of(split, model.spec, tune.folds, seed),
            metric=_metric(model, metric),
            seed=seed,
            job=Job.of(spec, snapshot, paths, root=model.root, code=model.code),
            peek=peek,
        )

    @property
    def units(self) -> Keys:
        """A number a row; rows of one number belong together."""
        return units_of(self.split, self.model.spec)

    @property
    def rows(self) -> Digest:
        """The digest of all that may be learned from, and of its order; not of the holdout."""
        pool = self.split.pool
        told = [*sorted(pool.columns), str(self.split.train.height)]
        return sha256(row_keys(pool).tobytes() + "\0".join(told).encode())

    def warm_up(self) -> None:
        """Learn from a few rows: a process's first training also loads the library, which would
        count as time that the first params took."""
        few = fewer(self.folds[0], self.units, _FEW, self.seed)
        with suppress(KeepfitError):  # which may hold one class only
            self._begun(self.model.spec.params, few).result()

    def judged(self, params: dict[str, Any], folds: Sequence[Fold]) -> Iterator[Judged]:
        """What is learned with these params on each fold; while one is judged, the next learns.

        What the kind raises, and NotMeasurable.
        """
        running = self._begun(params, folds[0])
        for fold, following in zip(folds, [*folds[1:], None], strict=True):
            fit = running.result()
            if following is not None:
                running = self._begun(params, following)
            try:
                yield self._judged(fit, fold)
            except BaseException:
                if following is not None:
                    with suppress(KeepfitError):  # nobody waits for it any more
                        running.result()
                raise

    def gains(
        self,
        ours: Sequence[Judged],
        theirs: Sequence[Judged],
        folds: Sequence[Fold],
        confidence: float,
    ) -> Luck:
        """How much better one side is over the folds; NotMeasurable without an interval."""
        sides = zip(ours, theirs, folds, strict=True)
        return over_folds([self._gain(*each, confidence) for each in sides])

    def _begun(self, params: dict[str, Any], fold: Fold) -> Running:
        portion = Portion(train=_packed(fold.train), validation=_packed(fold.validation))
        spec = {**self.job.spec, "params": params}
        job = msgspec.structs.replace(self.job, spec=spec, portion=portion)
        return self.ports.trainer.train(job)

    def _judged(self, fit: Fit, fold: Fold) -> Judged:
        model = self.model
        if fit.candidate.split != self.split.only(fold.train, fold.validation).report:
            raise Refused(
                f"{model.name}: two processes prepared the same rows and cut them otherwise",
                hint="data.transform must give the same rows each time: no clock, no chance",
            )
        rows = self.split.pool.filter(pl.Series(fold.judge))
        fitted = load(fit.candidate.kind, fit.files, fit.candidate.files, model.root)
        # as `Predictor.predict_every`: no text is an excuse when a model is judged
        said = fitted.predict(rows.select(model.spec.features))
        truth = rows[model.spec.target]
        classes = classes_of(truth, said) if model.task == "classification" else ()
        sample = Sample(truth, said, classes, rows)
        split, seconds = fit.candidate.split, fit.candidate.seconds
        return Judged(sample, self.metric.of(sample), split.train, seconds)

    def _gain(self, ours: Judged, theirs: Judged, fold: Fold, confidence: float) -> Comparison:
        spec, a, b = self.model.spec, ours.sample, theirs.sample
        if a.classes:
            classes = classes_of(a.truth, a.prediction, b.prediction)
            a, b = replace(a, classes=classes), replace(b, classes=classes)
        rows = self.split.pool.filter(pl.Series(fold.judge))
        times = times_of(rows, spec) if spec.split.how == "time" else None
        return luck.compare(
            self.metric,
            a,
            b,
            confidence=confidence,
            rng=np.random.default_rng(self.seed),
            dependence=dependence(rows, spec.gate.cluster, times),
        )


def _undivided(spec: ModelSpec) -> ModelSpec:
    """The spec whose training rows are one part: folds take validation rows of their own."""
    if spec.split.how == "column":
        return spec
    return spec.model_copy(update={"split": spec.split.model_copy(update={"validation": None})})


def _metric(model: Model, name: str | None) -> Metric:
    if name is None:
        return gate_metric(model)
    if found := model.own_metrics().get(name):
        return found
    if wrong := problem(name, model.task):
        raise UserError(f"model.{model.name}.tune.metric {wrong}")
    return get(name)


def _packed(mask: Mask) -> bytes:
    return np.packbits(mask).tobytes()
