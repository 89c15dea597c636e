"""What is found of rows once they are cut, however many there are, and of what was learned."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

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


def of_learned(told: Iterable[Finding], spec: ModelSpec) -> tuple[Finding, ...]:
    """What a model tells of itself; of its series as grave as `checks.severity` says."""
    grave = spec.checks.severity.get("series")
    return tuple(
        msgspec.structs.replace(finding, severity=grave)
        if grave and finding.check == "series"
        else finding
        for finding in told
    )
