"""The whole life of a model over past periods, as it would have happened under each policy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count, pairwise
from pathlib import Path

from keepfit.config.schema.release import Promote
from keepfit.durations import Duration
from keepfit.errors import DataRefused, NotComparable, UserError
from keepfit.evaluate.metrics import Metric
from keepfit.lifecycle.judging.champion import champion_of
from keepfit.lifecycle.judging.score import (
    gate_metric,
    judged_at,
    over_rows,
    score_between,
    worse_by,
)
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import open_version
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.retrain import Retrained, retrain
from keepfit.records.base import Outcome, Record
from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry

# What each policy says at the end of a period with a champion: train now? Given by what share the
# champion's metric on the period is worse than when it was judged, and what share is too much.
POLICIES: dict[str, Callable[[float | None, float], bool]] = {
    "always": lambda _worse, _limit: True,
    "never": lambda _worse, _limit: False,
    "on-decay": lambda worse, limit: worse is not None and worse > limit,
}
ALIASES = {"monthly": "always", "weekly": "always", "daily": "always", "yearly": "always"}
DECAY = 0.05  # what on-decay takes for decay where schedule.decay does not say


class Period(Record, frozen=True, kw_only=True):
    """What happened in one period under one policy."""

    start: str  # ISO date
    rows: int  # of the period, after cleaning
    champion: str | None  # who served it
    champion_score: float | None  # on its rows
    challenger: str | None = None  # trained at its end
    challenger_score: float | None = None  # on the challenger's holdout
    verdict: Outcome | None = None
    promoted: bool = False
    note: str = ""


class Course(Record, frozen=True, kw_only=True):
    """A policy's way through all periods."""

    policy: str
    metric: str
    better: str
    periods: tuple[Period, ...]

    @property
    def served(self) -> float | None:
        """The champion's metric over all rows that were served: the row-weighted mean."""
        return over_rows((period.champion_score, period.rows) for period in self.periods)

    @property
    def trainings(self) -> int:
        return sum(p.challenger is not None for p in self.periods)

    @property
    def promotions(self) -> int:
        return sum(p.promoted for p in self.periods)


def periods(start: datetime, end: datetime, every: Duration) -> Iterator[tuple[datetime, datetime]]:
    """The spans from `start` to `end`; the last may be shorter."""
    # Each counts from the first: a month after 29 February is 31 March where the first was a 31st.
    begins = (Duration(every.count * number, every.unit).after(start) for number in count())
    for begin, following in pairwise(begins):
        if begin >= end:
            return
        yield begin, min(following, end)


def check_policy(name: str) -> str:
    """`name`, if there is such a policy; UserError with all of them."""
    if ALIASES.get(name, name) not in POLICIES:
        known = ", ".join([*POLICIES, *ALIASES])
        raise UserError(f"there is no policy `{name}`; expected one of: {known}")
    return name


def replay(
    model: Model, ports: Ports, policy: str, spans: list[tuple[datetime, datetime]]
) -> Course:
    """Run plan, train, judge and promote over past periods in a scratch store.

    At the end of each period only rows before it are there, so nothing looks into the future.
    """
    metric = gate_metric(model)
    with tempfile.TemporaryDirectory(prefix="keepfit-replay-") as folder:
        store = LocalStore(Path(folder), durable=False)  # a crash of a scratch store costs nothing
        rehearsal = _unattended(model)
        done = tuple(
            _live_through(rehearsal, _at(ports, store, end), policy, start, end, metric)
            for start, end in spans
        )
    ports.say(model.name, "")
    return Course(policy=policy, metric=metric.name, better=metric.better, periods=done)


def _unattended(model: Model) -> Model:
    """The same model with nobody to ask: what the gate lets pass is promoted."""
    stages = dict.fromkeys(model.stages, "auto")
    spec = model.spec.model_copy(update={"promote": Promote.model_validate(stages)})
    return replace(model, spec=spec)


def _at(ports: Ports, store: LocalStore, moment: datetime) -> Ports:
    registry = Registry(store, clock=lambda: moment, actor="replay")
    return replace(ports, registry=registry, clock=lambda: moment)


def _live_through(  # noqa: PLR0913 one period's facts
    model: Model, ports: Ports, policy: str, start: datetime, end: datetime, metric: Metric
) -> Period:
    ports.say(model.name, f"{policy}: {start:%Y-%m-%d}")
    state = ports.registry.state(model.name)
    held = champion_of(model, state)
    champion = open_version(ports.registry, model.name, held, model.root) if held else None
    served = score_between(model, ports, champion, start, end)
    then = judged_at(ports.registry, model, champion) if champion else None
    decay = worse_by(metric, then, served.value)
    limit = model.spec.schedule.decay or DECAY
    known = Period(
        start=f"{start:%Y-%m-%d}",
        rows=served.rows,
        champion=held.version if held else None,
        champion_score=served.value,
    )
    if not served.rows:
        return _with(known, note="no rows")
    if champion and not POLICIES[ALIASES.get(policy, policy)](decay, limit):
        return known
    try:
        result = retrain(model, ports, bump="patch", reason=policy, until=end)
    except (DataRefused, NotComparable) as refusal:  # life goes on with the champion there is
        return _with(known, note=str(refusal).split(" (")[0])
    return _with(known, **_outcome(result, metric.name))


def _outcome(result: Retrained, metric: str) -> dict[str, object]:
    scores = {s.metric: s for s in result.judgement.evidence.scores}
    return {
        "challenger": result.version,
        "challenger_score": scores[metric].challenger,
        "verdict": result.judgement.verdict.outcome,
        "promoted": any(step.what == "promoted" for step in result.releases),
    }


def _with(period: Period, **changes: object) -> Period:
    import msgspec

    return msgspec.structs.replace(period, **changes)
