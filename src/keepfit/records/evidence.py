"""Everything that was measured, and what the gate says of it."""

from __future__ import annotations

from keepfit.digest import Digest
from keepfit.records.base import Outcome, Record
from keepfit.records.certificate import Certificate
from keepfit.records.comparison import (
    BenchmarkScore,
    Comparison,
    MetricScore,
    Overlap,
    RuleScore,
    Side,
    SliceScore,
)
from keepfit.records.disagreement import Disagreements
from keepfit.records.exhibits import Exhibits
from keepfit.records.rows import Finding, Removal, SplitReport


class Agreement(Record, frozen=True, kw_only=True):
    """A faster way to the same answers, held against the exact pipeline on rows of the holdout."""

    path: str  # rows: one at a time in plain Python; onnx: all that wait, in ONNX Runtime
    rows: int  # that were compared
    deviation: float  # the largest: of values, relative where above 1; of probabilities, absolute
    bound: float  # what it may be
    labels: int = 0  # rows whose label is another
    error: str | None = None  # why it could not be compared

    @property
    def agreed(self) -> bool:
        """Whether a server may take it."""
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """What speaks against it, in words, or None."""
        if self.error is not None:
            return self.error
        if self.labels:
            return f"{self.labels:,} of {self.rows:,} labels differ"
        if not self.deviation <= self.bound:
            return f"answers are up to {self.deviation:.2g} apart (bound {self.bound:g})"
        return None if self.rows else "there were no rows to compare"

    def __str__(self) -> str:
        """How the model is served, and why."""
        ways = {"rows": "row by row in plain Python", "onnx": "in ONNX Runtime"}
        way = ways.get(self.path, self.path)
        if self.problem:
            return f"by the exact pipeline, not {way}: {self.problem}"
        apart = f"at most {self.deviation:.2g} apart (bound {self.bound:g})"
        return f"{way}: {self.rows:,} rows compared, {apart}"


class Evidence(Record, frozen=True, kw_only=True):
    """Everything measured for a judgement."""

    model: str
    kind: str
    metric: str  # what the gate compares on
    challenger: Side
    champion: Side | None = None
    snapshot: Digest
    split: SplitReport
    holdout: Digest  # of the rows both sides were scored on
    rows: int  # how many those are
    overlap: Overlap
    scores: tuple[MetricScore, ...]
    comparison: Comparison | None = None  # None: there is no champion
    comparison_error: str | None = None  # why there is none although there is a champion
    slices: tuple[SliceScore, ...] = ()
    members: tuple[SliceScore, ...] = ()  # of a fleet, the values on which it is worst
    removals: tuple[Removal, ...] = ()
    findings: tuple[Finding, ...] = ()
    benchmarks: tuple[BenchmarkScore, ...] = ()
    disagreements: Disagreements | None = None  # None: there is nothing to disagree with
    certificate: Certificate | None = None  # None: of a release that gave none; it never passes
    rules: tuple[RuleScore, ...] = ()  # what max_drop and min_gain of rules are judged on
    baseline: str | None = None  # what the naive predictor is, where it is not constant
    exhibits: Exhibits | None = None  # None: judged by a release that kept none
    compiled: tuple[Agreement, ...] = ()  # faster ways to its answers, the fastest first


class Reason(Record, frozen=True, kw_only=True):
    """One rule of the gate and what came of it."""

    rule: str  # "gain", "mae <= 2.5", "slice origin"
    outcome: Outcome
    text: str  # in words, with the figures


class Verdict(Record, frozen=True, kw_only=True):
    """What the gate says of the evidence."""

    outcome: Outcome
    reasons: tuple[Reason, ...]

    @property
    def why(self) -> str:
        """The reasons that decided it, in words; of a pass, the first: the gain."""
        decisive = [r.text for r in self.reasons if r.outcome == self.outcome]
        return "; ".join(decisive[:1] if self.outcome == "pass" else decisive)
