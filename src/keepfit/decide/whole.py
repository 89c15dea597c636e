"""Do the slices hold all rows of the evidence? One that was left out could have been worse."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.config.schema.gate import Gate
from keepfit.records.comparison import SliceScore
from keepfit.records.evidence import Evidence, Reason


def whole(evidence: Evidence, gate: Gate) -> Iterator[Reason]:
    """A failure for each slice whose rows do not add up, or that compares something else."""
    for name in gate.slices:
        found = [score for score in evidence.slices if score.column == name]
        if found and (wrong := next(_wrong(name, found, evidence), None)):
            yield Reason(rule=f"slice {name} is whole", outcome="fail", text=f"{name}: {wrong}")


def _wrong(name: str, found: list[SliceScore], evidence: Evidence) -> Iterator[str]:
    rows = sum(score.rows for score in found)
    # The values of a column share out all rows; a condition may hold for some of them only.
    if rows != evidence.rows if name.isidentifier() else rows > evidence.rows:
        yield f"its slices have {rows:,} rows together; expected {evidence.rows:,}"
    if len({score.value for score in found}) < len(found):
        yield "one of its slices is there twice"
    for score in found:
        compared = score.comparison
        if compared and (compared.offered, compared.metric) != (score.rows, evidence.metric):
            yield (
                f"{score.value} was compared by {compared.metric} on {compared.offered:,} rows;"
                f" expected {evidence.metric} on {score.rows:,}"
            )
