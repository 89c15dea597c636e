"""The rules of the gate that bind one metric: absolute, or against another side."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from keepfit.config.schema.gate import BASELINE, CHAMPION, Rule
from keepfit.decide.words import figures, needed, percent, plain
from keepfit.records.base import Outcome
from keepfit.records.comparison import Comparison, MetricScore, RuleScore
from keepfit.records.evidence import Evidence, Reason


def bounds(rule: Rule, evidence: Evidence, confidence: float) -> Iterator[Reason]:
    """One reason for each bound of the rule; a missing figure fails, whatever the severity.

    Figures of a comparison must be at least as sure as `confidence`.
    """
    score = next((score for score in evidence.scores if score.metric == rule.metric), None)
    if rule.min is not None:
        yield _absolute(rule, score, ">=", rule.min)
    if rule.max is not None:
        yield _absolute(rule, score, "<=", rule.max)
    if rule.max_drop is not None:
        yield _relative(rule, -rule.max_drop, evidence, confidence, drop=True)
    if rule.min_gain is not None:
        yield _relative(rule, rule.min_gain, evidence, confidence, drop=False)


def _absolute(rule: Rule, score: MetricScore | None, sign: str, bound: float) -> Reason:
    name = f"{rule.metric} {sign} {plain(bound)}"
    if score is None or score.challenger is None:
        return _missing(name, rule.metric, score, "the challenger")
    value = score.challenger
    (said,) = figures(value, apart=_apart(value - bound, value))
    kept = value >= bound if sign == ">=" else value <= bound
    limit = "at least" if sign == ">=" else "at most"
    text = f"{rule.metric} is {said}; asked for {limit} {plain(bound)}"
    return _reason(name, "pass" if kept else rule.severity, text)


def _relative(
    rule: Rule, bound: float, evidence: Evidence, confidence: float, *, drop: bool
) -> Reason:
    """Whether the gain over the other side reaches the bound, below zero where a drop is allowed.

    It must be shown, not only measured: what may be luck settles nothing.
    """
    name = _name(rule, bound, drop=drop)
    if rule.against == CHAMPION and evidence.champion is None:
        text = f"{rule.metric}: there is no champion to {'be worse' if drop else 'gain'} "
        return Reason(rule=name, outcome="pass", text=text + ("than" if drop else "on"))
    asked = (rule.metric, rule.against, bound)
    found = next((s for s in evidence.rules if (s.metric, s.against, s.bound) == asked), None)
    if found is None or (wrong := _unfit(found, evidence, confidence)):
        why = "it was not measured" if found is None else wrong
        text = f"{rule.metric} against {_whose(rule)} is missing: {why}"
        return Reason(rule=name, outcome="fail", text=text)
    return _shown(rule, name, found, bound, drop=drop)


def _name(rule: Rule, bound: float, *, drop: bool) -> str:
    does = f"{rule.metric} {'drops by <=' if drop else 'gains >='} {plain(abs(bound))}"
    if rule.against == CHAMPION:
        return does
    side = "the baseline" if rule.against == BASELINE else rule.against
    return f"{does} {'against' if drop else 'over'} {side}"


def _whose(rule: Rule) -> str:
    return {CHAMPION: "the champion", BASELINE: "the naive baseline"}.get(
        rule.against, rule.against
    )


def _unfit(found: RuleScore, evidence: Evidence, confidence: float) -> str | None:
    """What a comparison lacks to be judged on, in words."""
    compared = found.comparison
    if found.error or compared is None or found.challenger is None or found.other is None:
        return found.error or "it was not measured"
    if found.rows + found.learned != evidence.rows or compared.offered != found.rows:
        return f"it is of {compared.offered:,} rows; expected {evidence.rows:,}"
    if compared.metric != found.metric or not _as_scored(found, evidence):
        return "the evidence holds other figures beside it"
    if not compared.confidence >= confidence:
        return f"it is {percent(compared.confidence)} sure; the gate asks {percent(confidence)}"
    if not all(map(math.isfinite, (compared.gain, compared.low, compared.high))):
        return "it has no interval"
    return None


def _as_scored(found: RuleScore, evidence: Evidence) -> bool:
    """Whether the figures are those of the scores on the same rows."""
    if found.against not in (CHAMPION, BASELINE):
        return found.side is not None
    score = next((score for score in evidence.scores if score.metric == found.metric), None)
    if score is None:
        return False
    other = score.champion if found.against == CHAMPION else score.baseline
    return (score.challenger, other) == (found.challenger, found.other)


def _shown(rule: Rule, name: str, found: RuleScore, bound: float, *, drop: bool) -> Reason:
    compared = found.comparison
    if compared is None or found.challenger is None or found.other is None:
        raise ValueError("a bound is judged on a comparison")
    said = _change(rule.metric, found.challenger, found.other, compared.gain, f"of {_whose(rule)}")
    if found.learned:
        said += f" on the {found.rows:,} rows that it has not learned from"
    limit = f"allowed is {plain(-bound)} worse" if drop else f"asked for {plain(bound)} better"
    if compared.low >= bound:
        return _reason(name, "pass", f"{said}; {limit}")
    if compared.high < bound:
        return _reason(name, rule.severity, f"{said}; {limit}")
    text = f"{said}; {limit}: that may be luck {_sure(compared)}; {needed(compared, plain(bound))}"
    return _reason(name, "inconclusive" if rule.severity == "fail" else rule.severity, text)


def _sure(compared: Comparison) -> str:
    apart = (compared.high - compared.low) / 2
    low, high = figures(compared.low, compared.high, apart=apart)
    return f"({percent(compared.confidence)} sure of {low} to {high})"


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


def _reason(name: str, outcome: Outcome | Literal["note"], text: str) -> Reason:
    if outcome == "note":
        return Reason(rule=name, outcome="pass", text=f"noted: {text}")
    return Reason(rule=name, outcome=outcome, text=text)
