"""From a job to a fitted model, of rows that are never all in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.keys import fingerprint_bytes
from keepfit.data.pieces import cut_pieces
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Piecewise
from keepfit.train.candidate import candidate_of, validated
from keepfit.train.job import Fit, Job
from keepfit.train.proof import Learned, examples_among, examples_of, proof_with
from keepfit.train.recipe import environment


def fit_in_pieces(job: Job, clock: Callable[[], float]) -> Fit:
    """What `fit` makes, by a kind that needs to see each row only once."""
    spec, root = ModelSpec.model_validate(job.spec), Path(job.root)
    cut = cut_pieces(job.snapshot, spec, lambda digest: Path(job.paths[digest]))
    begun = clock()
    learner, params = cast(Piecewise, kind(spec.kind)), params_of(spec.kind)
    gathering = learner.gathering(spec.features, spec.target, spec.encode)
    learned, columns = Learned(), [*spec.features, spec.target]

    def gather(rows: pl.DataFrame) -> None:
        rows = rows.select(columns)
        gathering.add(rows)
        learned.add(rows)

    shown = cut.learn(gather, cut.holdout[examples_among(len(cut.holdout), cut.prepared)])
    fitted = learner.learn(gathering, spec.encode, params.model_validate(spec.params))
    files = fitted.save()
    seconds = clock() - begun
    examples = examples_of(cut.prepared, shown)
    return Fit(
        candidate=candidate_of(job, spec, cut.prepared, fitted, files, seconds=seconds),
        files=files,
        keys=fingerprint_bytes(cut.prepared.split.train_keys),
        environment=environment(spec.threads, root),
        proof=proof_with(learned, examples, cut.prepared, spec, fitted, files, None),
        validated=validated(cut.prepared.split),
    )
