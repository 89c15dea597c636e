"""What is told of a fitted model and of the rows that it has learned from."""

from __future__ import annotations

from keepfit.config.schema.model import ModelSpec
from keepfit.data.prepare import Prepared
from keepfit.data.splitting.keys import fingerprint_bytes
from keepfit.data.splitting.split import Split
from keepfit.digest import digest_of
from keepfit.kinds.base import Fitted
from keepfit.records.training import Candidate
from keepfit.train.artifact import digests
from keepfit.train.job import Job


def candidate_of(  # noqa: PLR0913  (what a candidate is made of)
    job: Job,
    spec: ModelSpec,
    prepared: Prepared,
    fitted: Fitted,
    files: dict[str, bytes],
    *,
    seconds: float,
) -> Candidate:
    """The candidate of a job."""
    names = digests(files)
    return Candidate(
        model=spec.name,
        kind=spec.kind,
        files=names,
        digest=digest_of(names),
        snapshot=job.snapshot.digest,
        split=prepared.split.report,
        schema=prepared.schema,
        classes=fitted.classes,
        seconds=seconds,
    )


def validated(split: Split) -> bytes:
    """The fingerprint of the validation rows; empty where there are none."""
    return fingerprint_bytes(split.validation_keys) if split.report.validation else b""
