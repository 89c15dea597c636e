"""Champion and challenger, row for row on the same holdout: everything that is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfit.config.schema.gate import Gate
from keepfit.config.schema.series import Series
from keepfit.evaluate import luck
from keepfit.evaluate.dependence import dependence
from keepfit.evaluate.metrics import Metric, get
from keepfit.evaluate.names import CLASSIFICATION, default_metric, defaults, of_forecasts
from keepfit.evaluate.rules import Others, Rival, Terms, asks, rule_scores
from keepfit.evaluate.sample import NotMeasurable, Sample, classes_of
from keepfit.evaluate.slices import cut, measurable, slice_scores, worst
from keepfit.kinds.base import Prediction
from keepfit.records.comparison import Comparison, MetricScore, RuleScore, SliceScore


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of the sides of a comparison; every metric asked for is there."""

    metric: str  # what the gate compares on
    rows: int  # how many rows every side was scored on
    scores: tuple[MetricScore, ...]
    comparison: Comparison | None = None  # None: there is no champion, or see the error
    comparison_error: str | None = None
    slices: tuple[SliceScore, ...] = ()
    members: tuple[SliceScore, ...] = ()  # of a fleet, the worst
    rules: tuple[RuleScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """The sides of a comparison on the same rows; a side that is not there is None."""

    challenger: Sample
    champion: Sample | None
    baseline: Sample | None


def measure(  # noqa: PLR0913 the door of this room: three sides on one holdout, and a gate
    rows: pl.DataFrame,
    target: str,
    challenger: Prediction,
    champion: Prediction | None,
    baseline: Prediction | None,
    gate: Gate,
    *,
    own: Mapping[str, Metric] | None = None,
    task: str,
    seed: int,
    times: pl.Series | None = None,
    rivals: Mapping[str, Rival] | None = None,
    per: str | None = None,
    series: Series | None = None,
) -> Measured:
    """
    Scores, comparison and slices of the sides on the holdout `rows`, whose truth is in `target`.

    Every prediction answers the rows in their order. `times` are their moments where they were
    split by time: then what follows each other is not taken to be independent. `rivals` are the
    versions that rules name; `per` is the column of a fleet, whose worst values are shown. What
    cannot be measured is recorded with its reason, never left out; UnknownName for a metric that
    nobody knows.
    """
    sides = _sides(rows, target, task, (challenger, champion, baseline))
    known = own or {}
    name = gate.metric or default_metric(task)
    metric = known.get(name) or get(name)
    scores = tuple(
        score(known.get(asked) or get(asked), sides)
        for asked in asked_for(gate, task, len(sides.challenger.classes), series)
    )
    parts = measurable(cut(rows, gate.slices), metric, sides.challenger)
    asked = asks(gate, champion=sides.champion is not None)
    ways = dependence(rows, gate.cluster, times)
    claims = 1 + len(asked)
    compared = sum(part.compared for part in parts)
    terms = Terms(gate.confidence, claims + compared, seed, ways)
    comparison, error = _compared(metric, sides, gate, terms)
    slices = slice_scores(
        parts,
        metric,
        sides.challenger,
        sides.champion,
        confidence=gate.confidence,
        seed=seed,
        dependence=ways,
        others=claims,
    )
    others = Others(sides.champion, sides.baseline, rivals or {})
    rules = rule_scores(
        [(known.get(ask.metric) or get(ask.metric), ask) for ask in asked],
        sides.challenger,
        others,
        terms,
    )
    members = worst(rows, per, metric, sides.challenger, sides.champion) if per else ()
    return Measured(name, rows.height, scores, comparison, error, slices, members, rules)


def asked_for(gate: Gate, task: str, classes: int, series: Series | None = None) -> tuple[str, ...]:
    """Every metric to measure, once: the gate's own, those of its rules, and the usual ones."""
    named = (gate.metric or default_metric(task), *gate.metrics, *(r.metric for r in gate.rules))
    forecast = of_forecasts(len(series.quantiles)) if series else ()
    return tuple(dict.fromkeys((*named, *forecast, *defaults(task, classes))))


def score(metric: Metric, sides: Sides) -> MetricScore:
    """One metric of every side; where it cannot be computed, None and the reason."""
    named = {
        "challenger": sides.challenger,
        "champion": sides.champion,
        "baseline": sides.baseline,
    }
    values: dict[str, float | None] = dict.fromkeys(named)
    errors = []
    for side, sample in named.items():
        try:
            values[side] = None if sample is None else metric.of(sample)
        except NotMeasurable as error:
            errors.append(f"{side}: {error}")
    return MetricScore(
        metric=metric.name, better=metric.better, error="; ".join(errors) or None, **values
    )


def _sides(
    rows: pl.DataFrame, target: str, task: str, said: tuple[Prediction | None, ...]
) -> Sides:
    truth = rows[target]
    present = [prediction for prediction in said if prediction is not None]
    # One list of classes for all sides, so that each is asked about those that it does not know.
    classes = classes_of(truth, *present) if task == CLASSIFICATION else ()
    samples = [None if p is None else Sample(truth, p, classes, rows) for p in said]
    challenger, champion, baseline = samples
    if challenger is None:
        raise ValueError("a comparison needs a challenger")
    return Sides(challenger, champion, baseline)


def _compared(
    metric: Metric, sides: Sides, gate: Gate, terms: Terms
) -> tuple[Comparison | None, str | None]:
    if sides.champion is None:
        return None, None
    try:
        comparison = luck.compare(
            metric,
            sides.challenger,
            sides.champion,
            confidence=terms.confidence,
            min_gain=gate.min_gain,
            rng=np.random.default_rng(terms.seed),
            dependence=terms.dependence,
            shared=terms.claims,
        )
    except NotMeasurable as error:
        return None, str(error)
    return comparison, None
