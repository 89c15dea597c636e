"""No slice may get significantly worse: no value of a column, no condition's rows."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.config.schema.gate import Gate
from keepfit.decide.words import figures, percent
from keepfit.records.base import Outcome, Severity
from keepfit.records.comparison import Comparison, SliceScore
from keepfit.records.evidence import Evidence, Reason


def slices(evidence: Evidence, gate: Gate) -> Iterator[Reason]:
    """One reason a slice: the worst that holds of its values; what is missing always fails."""
    for column in gate.slices:
        found = [score for score in evidence.slices if score.column == column]
        if missing := next(_missing(found, evidence, gate), None):
            yield Reason(rule=f"slice {column}", outcome="fail", text=f"{column}: {missing}")
            continue
        outcome, text = _judged(column, found, evidence)
        yield _as_grave(gate.severity.get(column, "fail"), column, outcome, text)


def _as_grave(severity: Severity, column: str, outcome: Outcome, text: str) -> Reason:
    """The reason, no graver than the file says of the slice."""
    rule = f"slice {column}"
    if outcome == "pass" or severity == "fail":
        return Reason(rule=rule, outcome=outcome, text=text)
    if severity == "note":
        return Reason(rule=rule, outcome="pass", text=f"noted: {text}")
    return Reason(rule=rule, outcome="warn", text=text)


def _judged(column: str, found: list[SliceScore], evidence: Evidence) -> tuple[Outcome, str]:
    """Outcome and text of a slice: the gravest that holds of its values."""
    if worse := [score for score in found if _is_worse(score)]:
        return "fail", f"{column}: {'; '.join(_sentence(score) for score in worse)}"
    if unknown := [f"{score.value}: {score.error}" for score in found if score.error]:
        return "inconclusive", f"{column}: {'; '.join(unknown)}"
    if evidence.champion is None:
        return "pass", f"{column}: there is no champion that a value could fall behind"
    compared = sum(score.comparison is not None for score in found)
    if not compared:
        return "inconclusive", f"{column}: {_none_compared(found)}"
    if found[0].condition:
        return "pass", f"{column}: not significantly worse on {found[0].rows:,} rows"
    left = f"; {_notes(found)}" if compared < len(found) else ""
    return "pass", f"{column}: none of {compared:,} values is significantly worse{left}"


def _none_compared(found: list[SliceScore]) -> str:
    if found[0].condition:
        return f"{found[0].rows:,} rows, {found[0].note}"
    return f"no value can be compared; {_notes(found)}"


def _missing(found: list[SliceScore], evidence: Evidence, gate: Gate) -> Iterator[str]:
    """What should have been measured of a column and was not."""
    if not found:
        yield "it was not measured"
    for score in found:
        if not score.rows:
            yield score.note or f"{score.value} has no rows"
        elif score.note or score.error:
            continue
        elif score.challenger is None or (evidence.champion and score.comparison is None):
            yield f"{score.value} was not measured"
        elif score.comparison and not score.comparison.confidence >= gate.confidence:
            yield f"{score.value} was compared with less confidence than the gate asks for"


def _is_worse(score: SliceScore) -> bool:
    return score.comparison is not None and not score.comparison.high >= 0


def _sentence(score: SliceScore) -> str:
    comparison: Comparison | None = score.comparison
    if comparison is None:
        raise ValueError("a slice is worse only by a comparison")
    apart = (comparison.high - comparison.low) / 2 or abs(comparison.gain)
    low, high = figures(-comparison.high, -comparison.low, apart=apart)
    (size,) = figures(-comparison.gain, apart=apart)
    is_worse = "worse" if score.condition else f"{score.value} is worse"
    return (
        f"{is_worse} by {size} {comparison.metric} on {comparison.rows:,} rows"
        f" ({percent(comparison.confidence)} sure of {low} to {high})"
    )


def _notes(found: list[SliceScore]) -> str:
    """Each note once, with the values that it is on."""
    notes = dict.fromkeys(score.note for score in found if score.note and not score.comparison)
    return "; ".join(
        f"{note}: {_names([s for s in found if s.note == note and not s.comparison])}"
        for note in notes
    )


def _names(found: list[SliceScore]) -> str:
    shown = ", ".join(score.value for score in found[:5])
    return shown + (f" and {len(found) - 5:,} more" if len(found) > 5 else "")
