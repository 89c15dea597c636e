"""From a job to a fitted model, of rows that are never all in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from keepfit.config.schema.model import ModelSpec
from keepfit.data.cut_pieces import cut_pieces
from keepfit.data.keys import fingerprint_bytes
from keepfit.data.notes import Notes
from keepfit.data.pieces import Share
from keepfit.digest import digest_of
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Piecewise
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
    """What `fit` makes, by a kind that needs to see each row only once.

    Files are taken in by themselves and then joined, so that what an earlier run noted of a file
    stands for it, and gives the same bytes as reading it again.
    """
    spec = ModelSpec.model_validate(job.spec)
    looks, lessons = Notes(job.notes, "looks"), Notes(job.notes, "lessons")
    cut = cut_pieces(job.snapshot, spec, lambda digest: Path(job.paths[digest]), notes=looks)
    begun = clock()
    school = _School(spec, environment(spec.threads, Path(job.root)), lessons)
    taught = list(map(school.taught, cut.training()))
    lessons.forget_others()
    params = params_of(spec.kind).model_validate(spec.params)
    fitted = school.learner.learn([one.gathered for one in taught], spec.encode, params)
    files = fitted.save()
    seconds = clock() - begun
    learned = all_of([one.seen for one in taught])
    shown = cut.at(cut.holdout[examples_among(len(cut.holdout), cut.prepared)])
    examples = examples_of(cut.prepared, shown)
    return Fit(
        candidate=candidate_of(job, spec, cut.prepared, fitted, files, seconds=seconds),
        files=files,
        keys=fingerprint_bytes(cut.prepared.split.train_keys),
        environment=school.environment,
        proof=proof_with(learned, examples, cut.prepared, spec, fitted, files, None),
        validated=validated(cut.prepared.split),
    )


@dataclass(frozen=True, slots=True)
class _School:
    """Where the rows of one file after another are taken in."""

    spec: ModelSpec
    environment: Environment
    notes: Notes

    @property
    def learner(self) -> Piecewise:
        """The model's kind."""
        return cast(Piecewise, kind(self.spec.kind))

    def taught(self, share: Share) -> Taught:
        """What the rows of a file come to; they are read only where no note tells of them."""
        name = digest_of([share.name, self._how()])
        if (kept := self.notes.find(name)) is not None:
            return msgspec.msgpack.decode(kept, type=Taught)
        taught = self._read(share)
        self.notes.keep(name, msgspec.msgpack.encode(taught))
        return taught

    def _how(self) -> list[object]:
        spec = self.spec  # not its params: they take no part before all files are joined
        encode = spec.encode.model_dump(mode="json")
        return [spec.kind, spec.features, spec.target, encode, self.environment]

    def _read(self, share: Share) -> Taught:
        spec, learned = self.spec, Learned()
        gathering = self.learner.gathering(spec.features, spec.target, spec.encode)
        for rows in share:
            wanted = rows.select(*spec.features, spec.target)
            gathering.add(wanted)
            learned.add(wanted)
        return Taught(gathering.packed(), learned.seen())
