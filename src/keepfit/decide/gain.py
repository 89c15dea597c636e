"""Is the challenger better than the champion, and is it more than luck?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from keepfit.config.schema.gate import Gate
from keepfit.decide.words import figures, needed, percent, plain
from keepfit.records.base import Outcome
from keepfit.records.comparison import Comparison, MetricScore, Side
from keepfit.records.evidence import Evidence, Reason

RULE = "gain"


def gain(evidence: Evidence, gate: Gate) -> Iterator[Reason]:
    """The reason that the comparison gives; without a champion there must at least be a score."""
    score = next((score for score in evidence.scores if score.metric == evidence.metric), None)
    if missing := next(_lacks(evidence, gate, score), None):
        yield Reason(rule=RULE, outcome="fail", text=missing)
    elif evidence.comparison is None:
        text = "there is no champion to compare with: the absolute rules alone decide"
        yield Reason(rule=RULE, outcome="pass", text=text + _scored(score))
    elif evidence.champion is not None and _same_answers(evidence, evidence.comparison):
        rows = f"on all {evidence.rows:,} rows"
        text = f"the same answers as the champion{_called(evidence.champion)} {rows}"
        yield Reason(rule=RULE, outcome="fail", text=f"{text}: nothing to release")
    elif score is not None:
        yield _judged(evidence.comparison, score, gate)


def _scored(score: MetricScore | None) -> str:
    """What the first version of all reaches, beside a predictor that learns nothing."""
    if score is None or score.challenger is None:
        return ""
    apart = abs(score.challenger) / 10  # three figures, or four
    if score.baseline is None:
        return f" ({score.metric} {figures(score.challenger, apart=apart)[0]})"
    ours, naive = figures(score.challenger, score.baseline, apart=apart)
    return f" ({score.metric} {ours}, naive {naive})"


def _same_answers(evidence: Evidence, found: Comparison) -> bool:
    """Whether no answer is another, so that it is no question of luck or of more rows; nor what
    stands beside the answers, such as quantiles, which only scores tell of."""
    seen = evidence.disagreements
    if seen is None or (seen.rows, seen.differing, seen.one_sided) != (evidence.rows, 0, 0):
        return False
    scored = all(score.challenger == score.champion for score in evidence.scores)
    return scored and found.gain == found.low == found.high == 0


def _lacks(evidence: Evidence, gate: Gate, score: MetricScore | None) -> Iterator[str]:
    """What the evidence lacks for an answer, in words, the gravest first."""
    metric, found, champion = evidence.metric, evidence.comparison, evidence.champion
    if champion is not None and champion.digest == evidence.challenger.digest:
        yield f"this is the champion{_called(champion)} once more, byte for byte: nothing to gain"
    if gate.metric not in (None, metric):
        yield f"the gate compares on {gate.metric}, and the evidence on {metric}"
    if score is None or score.challenger is None:
        yield f"{metric} of the challenger is missing: {_why(score)}"
    elif champion is not None and score.champion is None:
        yield f"{metric} of the champion is missing: {_why(score)}"
    elif champion is None and (found is not None or score.champion is not None):
        yield "the evidence compares with a champion that it does not name"
    if evidence.comparison_error:
        yield f"no comparison with the champion: {evidence.comparison_error}"
    elif champion is not None and found is None:
        yield "no comparison with the champion: it was not measured"
    if found is not None:
        yield from _unfit(found, evidence, gate)


def _called(champion: Side) -> str:
    return f" {champion.version}" if champion.version else ""


def _unfit(found: Comparison, evidence: Evidence, gate: Gate) -> Iterator[str]:
    if found.metric != evidence.metric or found.offered != evidence.rows:
        yield (
            f"the comparison is of {found.metric} on {found.offered:,} rows;"
            f" expected {evidence.metric} on {evidence.rows:,}"
        )
    if not found.confidence >= gate.confidence:
        yield (
            f"the comparison is {percent(found.confidence)} sure;"
            f" the gate asks for {percent(gate.confidence)}"
        )
    if not all(map(math.isfinite, (found.gain, found.low, found.high))):
        yield "the comparison has no interval"


def _why(score: MetricScore | None) -> str:
    return (score and score.error) or "it was not measured"


def _judged(found: Comparison, score: MetricScore, gate: Gate) -> Reason:
    said = _sentence(found, score)
    asked = plain(gate.min_gain)
    if found.low > gate.min_gain:
        return _reason("pass", said)
    if found.high <= gate.min_gain:
        return _reason("fail", f"{said}; the gate asks for more than {asked}")
    return _reason("inconclusive", f"{said}: that may be luck; {needed(found, asked)}")


def _reason(outcome: Outcome, text: str) -> Reason:
    return Reason(rule=RULE, outcome=outcome, text=text)


def _sentence(found: Comparison, score: MetricScore) -> str:
    if score.challenger is None or score.champion is None:
        raise ValueError("a gain needs the scores of both sides")
    apart = (found.high - found.low) / 2 or abs(found.gain)
    values = (score.challenger, score.champion, abs(found.gain))
    ours, theirs, size = figures(*values, apart=apart)
    worse = found.gain < 0  # then the interval is told of the loss, as the sentence is
    ends = (-found.high, -found.low) if worse else (found.low, found.high)
    low, high = figures(*ends, apart=apart)
    how = (
        f"{'worse' if worse else 'better'} by {size}" if found.gain else "neither better nor worse"
    )
    sure = f"({percent(found.confidence)} sure of {low} to {high})"
    return f"{found.metric} {ours} against {theirs} of the champion: {how} {sure}"
