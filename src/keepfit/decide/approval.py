"""Who must act on a verdict: keepfit, a person, or nobody."""

from __future__ import annotations

from typing import Literal

from keepfit.records.evidence import Verdict

Action = Literal["promote", "ask", "refuse"]


def who_must_act(verdict: Verdict, mode: Literal["auto", "approval"]) -> Action:
    """Whether a version enters a stage by itself, after a person's yes, or not at all."""
    if verdict.outcome == "pass":
        return "promote" if mode == "auto" else "ask"
    return "ask" if verdict.outcome == "warn" else "refuse"
