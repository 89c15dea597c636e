"""Champion and challenger on the same rows: what is measured, and what the gate says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.config.schema.model import ModelSpec
from keepfit.data.checking.findings import of_learned
from keepfit.data.series import without_scale
from keepfit.data.splitting.keys import Keys, row_keys
from keepfit.data.splitting.sides import times_of
from keepfit.decide.gate import judge
from keepfit.digest import Digest, sha256
from keepfit.errors import NotComparable
from keepfit.evaluate.baseline import Baseline, baseline_of
from keepfit.evaluate.benchmark import Answers, Cases, benchmark_score
from keepfit.evaluate.certificate import Precedent, Seen, certify
from keepfit.evaluate.compare import measure
from keepfit.evaluate.disagree import Shown, disagreements
from keepfit.evaluate.evidence import gather, trim_overlap
from keepfit.evaluate.exhibits.gather import Subject
from keepfit.evaluate.naive_forecast import naive_forecast
from keepfit.evaluate.rules import Rival
from keepfit.lifecycle.judging.benchmarks import answers, cases_of
from keepfit.lifecycle.judging.exhibits import showing
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import Opened
from keepfit.records.base import Record
from keepfit.records.comparison import BenchmarkScore, Side
from keepfit.records.disagreement import Disagreements
from keepfit.records.evidence import Agreement, Evidence, Verdict
from keepfit.records.rows import Finding, Removal
from keepfit.records.training import Candidate
from keepfit.train.backtest import said_of

if TYPE_CHECKING:
    from keepfit.data.prepare import Prepared, Ready
    from keepfit.kinds.base import Prediction
    from keepfit.train.predictor import Predictor


class Judgement(Record, frozen=True, kw_only=True):
    """Evidence and the verdict on it, as they are stored with a version."""

    evidence: Evidence
    verdict: Verdict

    def naming(self, version: str) -> Judgement:
        """The same, with the version that the challenger became."""
        change = msgspec.structs.replace
        side = change(self.evidence.challenger, version=version)
        return change(self, evidence=change(self.evidence, challenger=side))


@dataclass(frozen=True, slots=True)
class Ground:
    """The rows that a judgement is held on, the same for both sides."""

    rows: pl.DataFrame  # ready, with the target
    raw: pl.DataFrame  # the same rows as they came in
    keys: Keys  # a key a row
    learned: pl.DataFrame | None = None  # the training rows, for the naive predictor
    removals: tuple[Removal, ...] = ()
    findings: tuple[Finding, ...] = ()
    cases: tuple[Cases, ...] = ()  # of the model's benchmarks
    past: pl.DataFrame | None = None  # of series: all other rows as they came in, with target
    unasked: pl.DataFrame | None = None  # of series: what of these is later than the training rows
    target: str = ""

    @classmethod
    def holdout(
        cls, prepared: Prepared, spec: ModelSpec, *, more: tuple[Finding, ...] = ()
    ) -> Self:
        """The holdout of prepared rows, with what else was found."""
        split = prepared.split
        return cls(
            rows=split.holdout,
            raw=prepared.raw(split.holdout),
            keys=split.holdout_keys,
            learned=split.train,
            removals=prepared.removals,
            findings=(*prepared.findings, *more, *without_scale(split.holdout, spec)),
            past=prepared.past(spec.target) if spec.series else None,
            unasked=split.unasked,
            target=spec.target,
        )

    @classmethod
    def all_of(cls, ready: Ready, spec: ModelSpec) -> Self:
        """Every row of a table of its own."""
        return cls(rows=ready.rows, raw=ready.raw(), keys=ready.keys, target=spec.target)

    def with_cases(self, model: Model, before: Mapping[str, Digest | None]) -> Self:
        """The same, with the cases of the model's benchmarks.

        `before` holds the digests of the files that the champion was judged on.
        """
        return replace(self, cases=cases_of(model, before, self.rows.schema[model.spec.target]))

    def with_told(self, predictor: Predictor, spec: ModelSpec) -> Self:
        """The same, with what the challenger tells of itself, if it does."""
        told = getattr(predictor.fitted, "findings", None)
        found = of_learned(told(), spec) if told else ()
        return replace(self, findings=(*self.findings, *found))

    def predicted(self, predictor: Predictor) -> Prediction:
        """What a model says of every row, by the one path from the raw rows."""
        return said_of(predictor, self.raw, self.rows[self.target], self.past)


@dataclass(frozen=True, slots=True)
class Contender:
    """One side: what it learned from, and what it says of the ground's rows."""

    side: Side
    keys: Keys
    validated: Keys | None  # of these, those of the validation rows; None: not known
    said: Prediction
    answers: Mapping[str, Answers]  # what it says of the cases of each benchmark

    @classmethod
    def of(cls, opened: Opened, ground: Ground) -> Self:
        """A version on the ground."""
        return cls(
            opened.side,
            opened.keys,
            opened.validated,
            ground.predicted(opened.predictor),
            answers(ground.cases, opened.predictor),
        )

    def seen(self, keep: NDArray[np.bool_]) -> Seen:
        """What a certificate tells of it, on the rows to `keep`."""
        return Seen(self.side.digest, self.keys, self.validated, self.said.only(keep))


def judged(  # noqa: PLR0913 the ground, two sides, and what else they are held against
    model: Model,
    ground: Ground,
    candidate: Candidate,
    challenger: Contender,
    champion: Contender | None,
    *,
    precedent: Precedent,
    rivals: Mapping[str, Rival] | None = None,
    subject: Subject | None = None,
    compiled: tuple[Agreement, ...] = (),
) -> Judgement:
    """The evidence on a challenger, held against the champion if there is one, and the verdict.

    `rivals` are the versions that rules name; a rule whose version is not among them fails.
    Rows that a side has learned from are left out and counted; NotComparable where none is left.
    Sides that are the same model are not compared, and the gate refuses them. `precedent` is the
    judgement before this one, for the count of how often the holdout was used. With a `subject`
    the evidence holds what a report shows of it. `compiled` is what its faster paths are worth.
    """
    spec = model.spec
    same = champion is not None and champion.side.digest == challenger.side.digest
    keep, overlap = trim_overlap(ground.keys, challenger.keys, champion.keys if champion else None)
    rows = ground.rows.filter(pl.Series(keep))
    if rows.is_empty():
        raise NotComparable(
            f"{model.name}: of {keep.size:,} holdout rows the challenger has learned from "
            f"{overlap.challenger:,} and the champion from {overlap.champion:,}; none is left to "
            "judge on",
            hint="wait for newer rows, or make the holdout larger",
        )
    ours = challenger.said.only(keep)
    theirs = champion.said.only(keep) if champion and not same else None
    baseline = _baseline(model, ground, rows, keep)
    measured = measure(
        rows,
        spec.target,
        ours,
        theirs,
        baseline.said if baseline else None,
        spec.gate,
        own=model.own_metrics(),
        task=model.task,
        seed=spec.split.seed,
        times=times_of(rows, spec) if spec.split.how == "time" else None,
        per=spec.fleet.column if spec.fleet else None,
        series=spec.series,
        rivals={name: rival.only(keep) for name, rival in (rivals or {}).items()},
    )
    evidence = gather(
        candidate,
        champion=champion.side if champion else None,
        challenger=challenger.side,
        measured=measured,
        rows=rows.height,
        holdout=sha256(ground.keys[keep].tobytes()),
        overlap=overlap,
        removals=ground.removals,
        findings=ground.findings,
        certificate=certify(
            ground.keys,
            keep,
            challenger.seen(keep),
            champion.seen(keep) if champion else None,
            contents=_contents(candidate, ground.raw, keep, rows[spec.target]),
            precedent=precedent,
        ),
        benchmarks=_benchmarks(model, ground, challenger, champion),
        disagreements=_disagreements(model, rows, ours, theirs),
        baseline=baseline.told if baseline else None,
        compiled=compiled,
    )
    if subject:
        subject = replace(subject, past=ground.learned)
        evidence = showing(evidence, model, subject, rows, ours, theirs)
    return Judgement(evidence=evidence, verdict=judge(evidence, spec.gate, spec.benchmark))


def _disagreements(
    model: Model, rows: pl.DataFrame, challenger: Prediction, champion: Prediction | None
) -> Disagreements | None:
    spec = model.spec
    shown = Shown(spec.data.key, spec.features, spec.target, spec.gate.slices)
    return disagreements(rows, challenger, champion, shown) if champion else None


def _benchmarks(
    model: Model, ground: Ground, challenger: Contender, champion: Contender | None
) -> tuple[BenchmarkScore, ...]:
    return tuple(
        benchmark_score(
            cases,
            challenger.answers.get(cases.name),
            champion.answers.get(cases.name) if champion else None,
            model.task,
        )
        for cases in ground.cases
    )


def _contents(
    candidate: Candidate, raw: pl.DataFrame, keep: NDArray[np.bool_], truth: pl.Series
) -> Keys:
    """A hash a row of what the challenger reads there, and of what is true."""
    read = raw.select(c.name for c in candidate.schema if c.name != truth.name)
    kept = read if keep.all() else read.filter(pl.Series(keep))  # a copy of a million rows is large
    return row_keys(kept.with_columns(truth))


def _baseline(
    model: Model, ground: Ground, rows: pl.DataFrame, keep: NDArray[np.bool_]
) -> Baseline | None:
    """What the naive predictor says of the rows; None where nobody knows what it would learn."""
    if ground.learned is None:
        return None
    spec = model.spec
    if spec.series is not None and spec.gate.baseline == "constant":
        found = naive_forecast(spec, ground.learned, ground.rows, ground.unasked)
        return found._replace(said=found.said.only(keep))
    return baseline_of(spec.gate, ground.learned, rows, spec.target, model.task, spec.data.time)
