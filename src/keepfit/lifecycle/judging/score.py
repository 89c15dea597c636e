"""How well a version does on some rows, in one metric."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from keepfit.errors import DataRefused
from keepfit.evaluate.names import default_metric
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import Opened
from keepfit.lifecycle.peek import look_at, ready_at
from keepfit.lifecycle.ports import Ports
from keepfit.store.registry import Registry

if TYPE_CHECKING:
    from keepfit.data.prepare import Ready
    from keepfit.evaluate.metrics import Metric
    from keepfit.kinds.base import Observing
    from keepfit.records.training import Candidate
    from keepfit.train.predictor import Predictor


@dataclass(frozen=True, slots=True)
class Served:
    """A version on the rows of a span."""

    rows: int
    value: float | None  # of the gate's metric; None: no version, no rows, or not measurable


def gate_metric(model: Model) -> Metric:
    """The metric that the gate compares on, own or known."""
    from keepfit.evaluate.metrics import get

    name = model.spec.gate.metric or default_metric(model.task)
    return model.own_metrics().get(name) or get(name)


def score_between(
    model: Model, ports: Ports, opened: Opened | None, since: datetime, until: datetime
) -> Served:
    """The gate's metric of a version on the rows from `since` to before `until`."""
    try:
        snapshot, peek = look_at(model, ports, since=since, until=until)
        ready = ready_at(model, snapshot, peek)
    except DataRefused:
        return Served(0, None)
    rows = ready.rows.height
    if opened is None or not rows:
        return Served(rows, None)
    return Served(rows, measured(model, opened.predictor, opened.manifest.candidate, ready))


def measured(
    model: Model, predictor: Predictor, candidate: Candidate, ready: Ready
) -> float | None:
    """The gate's metric of a model on rows that are ready; None where it cannot be measured.

    Of one that keeps its last steps alone these are what the errors of a forecast are measured in.
    """
    from keepfit.evaluate.sample import NotMeasurable, Sample, classes_of
    from keepfit.lifecycle.judging.scale import learned_by, scale_of
    from keepfit.train.backtest import said_of

    rows, raw, truth = ready.rows, ready.raw(), ready.rows[model.spec.target]
    try:
        if predictor.series is not None:
            learned = learned_by(predictor, candidate)
            past = cast("Observing", predictor.fitted).kept() if learned is None else learned
            rows = rows.with_columns(scale_of(raw, past, predictor))
        said = said_of(predictor, raw, truth)
    except DataRefused:  # steps are missing between what it observed and these
        return None
    classes = classes_of(truth, said) if model.task == "classification" else ()
    try:
        return gate_metric(model).of(Sample(truth, said, classes, rows))
    except NotMeasurable:
        return None


def over_rows(periods: Iterable[tuple[float | None, int]]) -> float | None:
    """The row-weighted mean of the scores of some periods; None where none was measured."""
    known = [(score, rows) for score, rows in periods if score is not None]
    total = sum(rows for _, rows in known)
    return sum(score * rows for score, rows in known) / total if total else None


def judged_at(registry: Registry, model: Model, opened: Opened) -> float | None:
    """What the gate's metric was when the version was judged."""
    evidence = judgement_of(registry, model.name, opened.state).evidence
    name = gate_metric(model).name
    return next((s.challenger for s in evidence.scores if s.metric == name), None)


def worse_by(metric: Metric, then: float | None, now: float | None) -> float | None:
    """By what share a metric got worse; None where that cannot be said."""
    if then is None or now is None or then == 0:
        return None
    loss = now - then if metric.better == "lower" else then - now
    return loss / abs(then)
