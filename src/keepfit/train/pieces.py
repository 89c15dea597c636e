"""From a job to a fitted model, of rows that are never all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.piecewise.cut_pieces import Cut, cut_pieces
from keepfit.data.piecewise.notes import Notes
from keepfit.data.piecewise.pieces import Share
from keepfit.data.splitting.keys import fingerprint_bytes
from keepfit.digest import digest_of
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Chunked, Fitted, Lesson, Piecewise
from keepfit.records.training import Environment
from keepfit.train.candidate import candidate_of, validated
from keepfit.train.job import Fit, Job
from keepfit.train.learned import Learned, Seen, all_of
from keepfit.train.proof import examples_among, examples_of, proof_with
from keepfit.train.recipe import environment


class Taught(msgspec.Struct, frozen=True):
    """What the training rows of one file came to."""

    gathered: bytes
    seen: Seen


def fit_in_pieces(job: Job, clock: Callable[[], float]) -> Fit:
    """What `fit` makes, by a kind that needs to see some rows at a time only."""
    spec = ModelSpec.model_validate(job.spec)
    looks = Notes(job.notes, "looks")
    cut = cut_pieces(job.snapshot, spec, lambda digest: Path(job.paths[digest]), notes=looks)
    begun, seen = clock(), environment(spec.threads, Path(job.root))
    learner = kind(spec.kind)
    if hasattr(learner, "fit_in_chunks"):
        fitted, learned = _often(cut, spec, job.seed)
    else:
        # of other packages' kinds nobody can tell here when their code has changed
        ours = type(learner).__module__.startswith("keepfit.")
        fitted, learned = _once(cut, spec, seen, Notes(job.notes if ours else None, "lessons"))
    files = fitted.save()
    seconds = clock() - begun
    shown = cut.at(cut.holdout[examples_among(len(cut.holdout), cut.prepared)])
    examples = examples_of(cut.prepared, shown)
    return Fit(
        candidate=candidate_of(job, spec, cut.prepared, fitted, files, seconds=seconds),
        files=files,
        keys=fingerprint_bytes(cut.prepared.split.train_keys),
        environment=seen,
        proof=proof_with(learned, examples, cut.prepared, spec, fitted, files, None),
        validated=validated(cut.prepared.split),
    )


def _often(cut: Cut, spec: ModelSpec, seed: int) -> tuple[Fitted, Seen]:
    """By a kind that goes over all rows, as often as it likes."""

    def rows() -> Iterator[pl.DataFrame]:
        for share in cut.training():
            yield from map(_of_interest(spec), share)

    learned = Learned()
    for some in rows():
        learned.add(some)
    none = _of_interest(spec)(next(iter(next(cut.training()))).clear())
    lesson = Lesson(spec.features, spec.target, none, none, spec.encode)
    params = params_of(spec.kind).model_validate(spec.params)
    learner = cast(Chunked, kind(spec.kind))
    fitted = learner.fit_in_chunks(lesson, rows, params, seed=seed, threads=spec.threads)
    return fitted, learned.seen()


def _once(cut: Cut, spec: ModelSpec, environment: Environment, notes: Notes) -> tuple[Fitted, Seen]:
    """By a kind that needs to see each row only once.

    Files are taken in by themselves and then joined, so that what an earlier run noted of a file
    stands for it, and gives the same bytes as reading it again.
    """
    learner = cast(Piecewise, kind(spec.kind))
    school = _School(spec, learner, environment, notes)
    taught = list(map(school.taught, cut.training()))
    notes.forget_others()
    params = params_of(spec.kind).model_validate(spec.params)
    fitted = learner.learn([one.gathered for one in taught], spec.encode, params)
    return fitted, all_of([one.seen for one in taught])


def _of_interest(spec: ModelSpec) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.select(*spec.features, spec.target)


@dataclass(frozen=True, slots=True)
class _School:
    """Where the rows of one file after another are taken in."""

    spec: ModelSpec
    learner: Piecewise
    environment: Environment
    notes: Notes

    def taught(self, share: Share) -> Taught:
        """What the rows of a file come to; they are read only where no note tells of them."""
        name = digest_of([share.name, self._how()])
        if note := self.notes.find(name, Taught):
            return note
        taught = self._read(share)
        self.notes.keep(name, taught)
        return taught

    def _how(self) -> list[object]:
        spec = self.spec  # not its params: they take no part before all files are joined
        encode = spec.encode.model_dump(mode="json")
        return [spec.kind, spec.features, spec.target, encode, self.environment]

    def _read(self, share: Share) -> Taught:
        spec, learned = self.spec, Learned()
        gathering = self.learner.gathering(spec.features, spec.target, spec.encode)
        for rows in map(_of_interest(spec), share):
            gathering.add(rows)
            learned.add(rows)
        return Taught(gathering.packed(), learned.seen())
