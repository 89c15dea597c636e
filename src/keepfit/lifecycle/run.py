"""A run over models: what is due is retrained, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from keepfit.errors import KeepfitError
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.plan import Plan, plan
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.retrain import Retrained, retrain
from keepfit.records import Bump


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


def run(
    models: Sequence[Model], ports: Ports, *, force: bool = False, bump: Bump | None = None
) -> Iterator[Done]:
    """Retrain each model that is due (or each, by force), one after the other."""
    for model in models:
        begun = monotonic()
        ports.say(model.name, "looking")
        planned = plan(model, ports)
        if planned.status != "due" and not force:
            yield Done(planned)
            continue
        try:
            result = retrain(
                model,
                ports,
                bump=bump or planned.bump or "patch",
                reason="; ".join(planned.reasons) if planned.status == "due" else "by force",
                sources=planned.sources,
                again=ports.clock().isoformat() if force and planned.status != "due" else "",
            )
        except KeepfitError as error:
            yield Done(planned, error=error, seconds=monotonic() - begun)
        else:
            yield Done(planned, result, seconds=monotonic() - begun)
