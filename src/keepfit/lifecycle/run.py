"""A run over models: what is due is retrained, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from keepfit.digest import digest_of
from keepfit.errors import KeepfitError
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.plan import Plan, plan
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.retrain import Retrained, retrain
from keepfit.lifecycle.took import remember
from keepfit.records.base import Bump


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did with one model."""

    plan: Plan
    result: Retrained | None = None  # None: nothing was due, or it failed
    error: KeepfitError | None = None
    seconds: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether the gate said no."""
        return self.result is not None and self.result.judgement.verdict.outcome == "fail"


@dataclass(frozen=True, slots=True)
class How:
    """What the person who calls for a run wants otherwise than planned."""

    force: bool = False  # retrain although nothing is due
    bump: Bump | None = None  # instead of the computed step
    as_of: datetime | None = None  # only rows before this moment, as if it were then
    op: str = ""  # the name of the operation
    named: bool = False  # whether a person gave it; it is then done once, whatever has changed


def run(models: Sequence[Model], ports: Ports, how: How) -> Iterator[Done]:
    """Retrain each model that is due (or each, by force), one after the other."""
    for model in models:
        done = _run_one(model, ports, how)
        ports.say(model.name, "")
        yield done


def _run_one(model: Model, ports: Ports, how: How) -> Done:
    begun = monotonic()
    ports.say(model.name, "looking")
    try:
        planned = plan(model, ports)
    except KeepfitError as error:
        return Done(Plan(model=model.name, status="due", reasons=()), error=error)
    if planned.status != "due" and not (how.force or how.as_of):
        return Done(planned)
    try:
        result = _retrain(model, ports, planned, how)
    except KeepfitError as error:
        return Done(planned, error=error, seconds=monotonic() - begun)
    seconds = monotonic() - begun
    if not result.already:
        remember(model, seconds)
    return Done(planned, result, seconds=seconds)


def _retrain(model: Model, ports: Ports, planned: Plan, how: How) -> Retrained:
    due = planned.status == "due"
    anew = planned.anew or (how.force and not due)
    fresh = how.op or digest_of([model.name, ports.clock().isoformat()])
    as_of = f"as of {how.as_of:%Y-%m-%d}" if how.as_of else ""
    return retrain(
        model,
        ports,
        bump=how.bump or planned.bump or "patch",
        reason=as_of or ("; ".join(planned.reasons) if due else "by force"),
        # A run as of then has not seen what is there now: the next plan must look again.
        sources="" if how.as_of else planned.sources,
        until=how.as_of,
        op=fresh if anew or how.named else "",
        anew=anew,
    )
