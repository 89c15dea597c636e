"""What is found of rows once they are cut, however many there are."""

from __future__ import annotations

from keepfit.config.schema.model import ModelSpec
from keepfit.data.checking.check import enough
from keepfit.data.checking.zeros import lost
from keepfit.data.splitting.labels import unseen
from keepfit.data.splitting.split import Split
from keepfit.records.rows import Finding, Snapshot


def of_cut(
    split: Split, snapshot: Snapshot, spec: ModelSpec, *, goes_on: bool
) -> tuple[Finding, ...]:
    """Too few training rows, labels that none of them has, codes that were read as numbers. A model
    that goes on from another knows labels from before."""
    return (
        *enough(split.report.train, spec),
        *(() if goes_on else unseen(split, spec.target)),
        *lost(snapshot, spec),
    )
