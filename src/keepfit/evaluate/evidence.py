"""Everything measured for a judgement in one record, and the rules of an honest comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepfit.data.splitting.keys import among
from keepfit.digest import Digest
from keepfit.errors import NotComparable
from keepfit.evaluate.compare import Measured
from keepfit.records.certificate import Certificate
from keepfit.records.comparison import BenchmarkScore, Overlap, Side
from keepfit.records.disagreement import Disagreements
from keepfit.records.evidence import Agreement, Evidence
from keepfit.records.rows import Finding, Removal
from keepfit.records.training import Candidate

Keys = NDArray[np.uint64]


def trim_overlap(
    holdout: Keys, challenger: Keys, champion: Keys | None
) -> tuple[NDArray[np.bool_], Overlap]:
    """
    Which holdout rows neither side has learned from, and how many were taken out for which side.

    The arguments are the hashes of row keys: of the holdout in its order, of what each side has
    learned from in any order.
    """
    ours = among(holdout, challenger)
    theirs = np.zeros_like(ours) if champion is None else among(holdout, champion)
    seen = ours | theirs
    overlap = Overlap(
        challenger=int(ours.sum()), champion=int(theirs.sum()), trimmed=int(seen.sum())
    )
    return ~seen, overlap


def different(challenger: Side, champion: Side | None, model: str) -> None:
    """NotComparable if both sides are the same model, however they are called."""
    if champion is not None and challenger.digest == champion.digest:
        called = f" ({champion.version})" if champion.version else ""
        raise NotComparable(
            f"{model}: the challenger is the same model as the champion{called}, both have the"
            f" digest {challenger.digest[:12]}; expected two different models",
            hint="nothing that matters has changed: look at `keepfit plan`",
        )


def gather(  # noqa: PLR0913 each is a fact that the evidence must hold
    candidate: Candidate,
    *,
    champion: Side | None,
    challenger: Side | None = None,
    measured: Measured,
    holdout: Digest,
    overlap: Overlap,
    rows: int | None = None,
    removals: tuple[Removal, ...] = (),
    findings: tuple[Finding, ...] = (),
    certificate: Certificate | None = None,
    benchmarks: tuple[BenchmarkScore, ...] = (),
    disagreements: Disagreements | None = None,
    baseline: str | None = None,
    compiled: tuple[Agreement, ...] = (),
) -> Evidence:
    """
    The evidence on a candidate, against the champion if there is one.

    `holdout` is the digest of the rows that both sides were scored on. NotComparable if `rows`
    were not the rows that were measured.
    """
    if rows not in (None, measured.rows):
        raise NotComparable(
            f"{candidate.model}: the holdout has {rows:,} rows and {measured.rows:,} were measured;"
            " expected the same rows"
        )
    return Evidence(
        model=candidate.model,
        kind=candidate.kind,
        metric=measured.metric,
        challenger=challenger or Side(digest=candidate.digest),
        champion=champion,
        snapshot=candidate.snapshot,
        split=candidate.split,
        holdout=holdout,
        rows=measured.rows,
        overlap=overlap,
        scores=measured.scores,
        comparison=measured.comparison,
        comparison_error=measured.comparison_error,
        slices=measured.slices,
        members=measured.members,
        removals=tuple(removals),
        findings=tuple(findings),
        certificate=certificate,
        benchmarks=benchmarks,
        disagreements=disagreements,
        rules=measured.rules,
        baseline=baseline,
        compiled=compiled,
    )
