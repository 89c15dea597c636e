"""Evidence and rules to a verdict, pure, with reasons in words. What is missing never passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from keepfit.config.schema.gate import Benchmark, Gate
from keepfit.decide.benchmarks import benchmarks
from keepfit.decide.bounds import bounds
from keepfit.decide.certificate import honest
from keepfit.decide.gain import gain
from keepfit.decide.leak import leak
from keepfit.decide.slices import slices
from keepfit.decide.whole import whole
from keepfit.records.base import Outcome
from keepfit.records.evidence import Evidence, Reason, Verdict

_WORST_FIRST: tuple[Outcome, ...] = ("fail", "inconclusive", "warn", "pass")


def judge(
    evidence: Evidence, gate: Gate, asked: Mapping[str, Benchmark] = MappingProxyType({})
) -> Verdict:
    """What the gate says of the evidence: the worst outcome of its rules, each with its reason.

    `asked` are the model's benchmarks by name.
    """
    reasons = (
        *_rows(evidence),
        *gain(evidence, gate),
        *honest(evidence, gate),
        *leak(evidence, gate),
        *_reported(evidence, gate),
        *(reason for rule in gate.rules for reason in bounds(rule, evidence, gate.confidence)),
        *slices(evidence, gate),
        *whole(evidence, gate),
        *benchmarks(evidence, asked),
        *_findings(evidence),
    )
    return Verdict(outcome=worst(reasons), reasons=reasons)


def worst(reasons: tuple[Reason, ...]) -> Outcome:
    """The outcome that decides; where nothing was asked, nothing has passed."""
    outcomes = {reason.outcome for reason in reasons}
    return next((outcome for outcome in _WORST_FIRST if outcome in outcomes), "fail")


def _rows(evidence: Evidence) -> Iterator[Reason]:
    if evidence.rows > 0 and evidence.holdout:
        return
    text = "there are no rows to judge on"
    if evidence.overlap.trimmed:
        text += f": all {evidence.overlap.trimmed:,} had been learned from"
    yield Reason(rule="holdout", outcome="fail", text=text)


def _reported(evidence: Evidence, gate: Gate) -> Iterator[Reason]:
    """Metrics that the gate asks for by name only to see them: they must be there."""
    for name in dict.fromkeys(gate.metrics):
        score = next((score for score in evidence.scores if score.metric == name), None)
        if score is None or score.challenger is None:
            why = (score and score.error) or "it was not measured"
            text = f"{name} is missing: {why}"
            yield Reason(rule=f"{name} is measured", outcome="fail", text=text)


def _findings(evidence: Evidence) -> Iterator[Reason]:
    """What the checks of the data found."""
    for finding in evidence.findings:
        place = f" {finding.column}" if finding.column else ""
        outcome: Outcome = "pass" if finding.severity == "note" else finding.severity
        text = f"noted: {finding.message}" if finding.severity == "note" else finding.message
        yield Reason(rule=f"check {finding.check}{place}", outcome=outcome, text=text)
