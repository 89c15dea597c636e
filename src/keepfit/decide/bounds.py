"""The rules of the gate that bind one metric: absolute, against the champion, against the naive."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.config.schema import Rule
from keepfit.decide.words import figures, plain
from keepfit.records import Evidence, MetricScore, Outcome, Reason


def bounds(rule: Rule, evidence: Evidence) -> Iterator[Reason]:
    """One reason for each bound of the rule; a missing figure fails, whatever the severity."""
    score = next((score for score in evidence.scores if score.metric == rule.metric), None)
    if rule.min is not None:
        yield _absolute(rule, score, ">=", rule.min)
    if rule.max is not None:
        yield _absolute(rule, score, "<=", rule.max)
    if rule.max_drop is not None:
        yield _against_champion(rule, score, rule.max_drop, evidence)
    if rule.min_gain_over_baseline is not None:
        yield _against_baseline(rule, score, rule.min_gain_over_baseline)


def _absolute(rule: Rule, score: MetricScore | None, sign: str, bound: float) -> Reason:
    name = f"{rule.metric} {sign} {plain(bound)}"
    if score is None or score.challenger is None:
        return _missing(name, rule.metric, score, "the challenger")
    value = score.challenger
    (said,) = figures(value, apart=_apart(value - bound, value))
    kept = value >= bound if sign == ">=" else value <= bound
    limit = "at least" if sign == ">=" else "at most"
    return _reason(rule, name, kept, f"{rule.metric} is {said}; asked for {limit} {plain(bound)}")


def _against_champion(
    rule: Rule, score: MetricScore | None, bound: float, evidence: Evidence
) -> Reason:
    name = f"{rule.metric} drops by <= {plain(bound)}"
    if score is None or score.challenger is None:
        return _missing(name, rule.metric, score, "the challenger")
    if evidence.champion is None:
        text = f"{rule.metric}: there is no champion to be worse than"
        return Reason(rule=name, outcome="pass", text=text)
    if score.champion is None:
        return _missing(name, rule.metric, score, "the champion")
    gain = _gain(score, score.champion)
    said = _change(rule.metric, score.challenger, score.champion, gain, "of the champion")
    return _reason(rule, name, -gain <= bound, f"{said}; allowed is {plain(bound)} worse")


def _against_baseline(rule: Rule, score: MetricScore | None, bound: float) -> Reason:
    name = f"{rule.metric} gains >= {plain(bound)} over the baseline"
    if score is None or score.challenger is None:
        return _missing(name, rule.metric, score, "the challenger")
    if score.baseline is None:
        return _missing(name, rule.metric, score, "the naive baseline")
    gain = _gain(score, score.baseline)
    said = _change(rule.metric, score.challenger, score.baseline, gain, "of the naive baseline")
    return _reason(rule, name, gain >= bound, f"{said}; asked for {plain(bound)} better")


def _gain(score: MetricScore, other: float) -> float:
    """How much better the challenger is than the other, above zero in the good direction."""
    if score.challenger is None:
        raise ValueError("a gain needs the challenger's score")
    return score.challenger - other if score.better == "higher" else other - score.challenger


def _change(metric: str, ours: float, other: float, gain: float, whose: str) -> str:
    mine, theirs, size = figures(ours, other, abs(gain), apart=_apart(gain, ours))
    return (
        f"{metric} {mine} against {theirs} {whose}: {'worse' if gain < 0 else 'better'} by {size}"
    )


def _apart(difference: float, value: float) -> float:
    """The figures must tell a value from its bound, and show three digits of themselves."""
    return min(abs(difference), abs(value) / 10) or abs(difference) or abs(value)


def _missing(name: str, metric: str, score: MetricScore | None, side: str) -> Reason:
    why = (score and score.error) or "it was not measured"
    return Reason(rule=name, outcome="fail", text=f"{metric} of {side} is missing: {why}")


def _reason(rule: Rule, name: str, kept: bool, text: str) -> Reason:  # noqa: FBT001 the finding
    if kept:
        return Reason(rule=name, outcome="pass", text=text)
    if rule.severity == "note":
        return Reason(rule=name, outcome="pass", text=f"noted: {text}")
    outcome: Outcome = rule.severity
    return Reason(rule=name, outcome=outcome, text=text)
