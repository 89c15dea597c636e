"""The challenger held against other sides, as rules of the gate ask: champion, naive, a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from keepfit.config.schema.gate import BASELINE, CHAMPION, Gate
from keepfit.evaluate import luck
from keepfit.evaluate.dependence import Dependence
from keepfit.evaluate.metrics import Metric
from keepfit.evaluate.sample import NotMeasurable, Sample, classes_of
from keepfit.kinds.base import Prediction
from keepfit.records.comparison import RuleScore, Side


@dataclass(frozen=True, slots=True)
class Rival:
    """A version that rules name and what it says of the rows, or why it says nothing."""

    side: Side | None = None
    said: Prediction | None = None
    fresh: NDArray[np.bool_] | None = None  # of each row, whether it has not learned from it
    error: str | None = None

    def only(self, keep: NDArray[np.bool_]) -> Rival:
        """The same on the rows where `keep` is true."""
        if self.said is None or self.fresh is None:
            return self
        return replace(self, said=self.said.only(keep), fresh=self.fresh[keep])


@dataclass(frozen=True, slots=True)
class Others:
    """All that a rule may be held against."""

    champion: Sample | None
    baseline: Sample | None
    rivals: Mapping[str, Rival] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms sides are compared."""

    confidence: float
    claims: int  # how many claims of a loss the verdict hangs on
    seed: int
    dependence: Dependence


@dataclass(frozen=True, slots=True)
class Ask:
    """One relative bound of a rule: the gain over a side must reach it."""

    metric: str
    against: str
    bound: float


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both sides on the rows that they are compared on."""

    ours: Sample
    theirs: Sample
    dependence: Dependence
    side: Side | None = None
    learned: int = 0


def asks(gate: Gate, *, champion: bool) -> list[Ask]:
    """Every relative bound of the gate, once; none against a champion that is not there."""
    found = [
        Ask(rule.metric, rule.against, bound)
        for rule in gate.rules
        if champion or rule.against != CHAMPION
        for bound in (rule.min_gain, None if rule.max_drop is None else -rule.max_drop)
        if bound is not None
    ]
    return list(dict.fromkeys(found))


def rule_scores(
    asked: Sequence[tuple[Metric, Ask]], challenger: Sample, others: Others, terms: Terms
) -> tuple[RuleScore, ...]:
    """What each relative bound is judged on; what cannot be measured says why."""
    return tuple(_scored(metric, ask, challenger, others, terms) for metric, ask in asked)


def _scored(
    metric: Metric, ask: Ask, challenger: Sample, others: Others, terms: Terms
) -> RuleScore:
    made = partial(
        RuleScore,
        metric=metric.name,
        better=metric.better,
        against=ask.against,
        bound=ask.bound + 0.0,  # no minus before a zero
    )
    try:
        pair = _pair(ask.against, challenger, others, terms.dependence)
        comparison = luck.compare(
            metric,
            pair.ours,
            pair.theirs,
            confidence=terms.confidence,
            min_gain=ask.bound,
            rng=np.random.default_rng(terms.seed),
            dependence=pair.dependence,
            shared=terms.claims,
        )
    except NotMeasurable as error:
        return made(rows=0, error=str(error))
    return made(
        rows=pair.ours.size,
        learned=pair.learned,
        side=pair.side,
        challenger=metric.of(pair.ours),
        other=metric.of(pair.theirs),
        comparison=comparison,
    )


def _pair(against: str, ours: Sample, others: Others, dependence: Dependence) -> _Pair:
    """Both sides of a bound; NotMeasurable where the other is not there."""
    if against in (CHAMPION, BASELINE):
        theirs = others.champion if against == CHAMPION else others.baseline
        if theirs is None:
            raise NotMeasurable(f"there is no {against} on these rows")
        return _Pair(ours, theirs, dependence)
    rival = others.rivals.get(against, Rival(error=f"{against} was not opened"))
    if rival.said is None or rival.fresh is None:
        raise NotMeasurable(rival.error or f"{against} says nothing of these rows")
    # Its classes are asked for here alone: they must not change what champion and challenger show.
    known = classes_of(ours.truth, ours.prediction, rival.said) if ours.classes else ()
    rows = np.flatnonzero(rival.fresh)
    if not rows.size:
        raise NotMeasurable(f"{against} has learned from all {ours.size:,} rows")
    mine, its = (
        Sample(ours.truth, said, known, ours.rows).take(rows)
        for said in (ours.prediction, rival.said)
    )
    return _Pair(mine, its, dependence.take(rows), rival.side, ours.size - rows.size)
