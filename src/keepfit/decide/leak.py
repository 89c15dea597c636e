"""Is the challenger too good to be true? Then one of its columns knows the answer."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.config.schema.gate import Gate
from keepfit.decide.words import about, plain
from keepfit.records.comparison import MetricScore
from keepfit.records.evidence import Evidence, Reason

LOSSES = ("mae", "log_loss")  # 0 where every answer is right, and always measured
LEAST_ROWS = 30


def leak(evidence: Evidence, gate: Gate) -> Iterator[Reason]:
    """A failure where hardly anything is left of the loss that the naive baseline has."""
    if evidence.rows < LEAST_ROWS:
        return
    for score in evidence.scores:
        if score.metric in LOSSES and _too_good(score, gate.too_good):
            text = (
                f"{score.metric} is {plain(score.challenger or 0)}, less than one part in"
                f" {about(round(1 / gate.too_good))} of the naive baseline's: look for a column"
                " that knows the answer (gate.too_good)"
            )
            yield Reason(rule="too good to be true", outcome="fail", text=text)


def _too_good(score: MetricScore, share: float) -> bool:
    if score.challenger is None or score.baseline is None or not score.baseline > 0:
        return False
    return share > 0 and score.challenger < share * score.baseline
