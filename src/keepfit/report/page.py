"""A report as one HTML file that needs nothing else: no script, no font, no request."""

from __future__ import annotations

from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from keepfit.records.comparison import Comparison, SliceScore
from keepfit.records.evidence import Evidence
from keepfit.records.exhibits import Exhibits
from keepfit.report import figures
from keepfit.report.charts.bars import Bar, bars
from keepfit.report.charts.calibration import calibration
from keepfit.report.charts.fans import fan, interval
from keepfit.report.charts.gains import Gain, gains
from keepfit.report.charts.learning import learning, shown
from keepfit.report.charts.past import past
from keepfit.report.charts.plot import label_of
from keepfit.report.charts.residuals import by_prediction, histogram
from keepfit.report.facts import Effect, Report

CARD = {
    "intended_use": "Intended use",
    "out_of_scope": "Out of scope",
    "limits": "Limits",
    "ethics": "Ethics",
    "licence": "Licence",
    "contact": "Contact",
    "references": "References",
}
VERDICTS = {
    "pass": ("✓", "passed the gate"),
    "warn": ("!", "passed with a warning: a person decides"),
    "fail": ("✗", "was refused by the gate"),
    "inconclusive": ("?", "could not be told from luck"),
}


def page(report: Report) -> str:
    """The page; the same report gives the same bytes. Every value is escaped."""
    evidence = msgspec.convert(report.evidence, Evidence)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            evidence=evidence,
            more=report.evidence,  # with what this release has no name for
            exhibits=evidence.exhibits,
            intervals=_intervals(evidence.exhibits),
            min_gain=report.config.get("gate", {}).get("min_gain", 0.0),
            card=CARD,
            verdicts=VERDICTS,
        )
    )


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("keepfit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "figure": figures.figure,
        "signed": figures.signed,
        "percent": figures.percent,
        "count": figures.count,
        "moment": figures.moment,
        "short": figures.short,
        "number": lambda version: version.partition("-")[0],
    }
    made.globals |= {
        "gain_chart": _gain_chart,
        "slice_chart": _slice_chart,
        "past_chart": past,
        "residual_chart": by_prediction,
        "histogram": histogram,
        "fan_chart": fan,
        "interval": interval,
        "calibration_chart": calibration,
        "effect_chart": _effect_chart,
        "importance_chart": _importance_chart,
        "shap_chart": _shap_chart,
        "learning_chart": learning,
        "epochs_shown": shown,
    }
    return made


def _intervals(exhibits: Exhibits | None) -> dict[str, Any]:
    return {one.metric: one for one in exhibits.intervals} if exhibits else {}


def _gain_chart(found: Comparison, min_gain: float) -> str:
    return gains(
        "gain", [Gain("all rows", found.gain, found.low, found.high)], found.metric, min_gain
    )


def _slice_chart(slices: tuple[SliceScore, ...], metric: str) -> str:
    return gains(
        "slices",
        [
            Gain(label_of(s.column, s.value), c.gain, c.low, c.high)
            for s in slices
            if (c := s.comparison)
        ],
        metric,
    )


def _effect_chart(effects: tuple[Effect, ...]) -> str:
    several = len({effect.output for effect in effects}) > 1
    found = [Bar(_effect(effect, several=several), effect.standardised) for effect in effects]
    return bars("effects", found, "Effects of the features", "standardised coefficient")


def _effect(effect: Effect, *, several: bool) -> str:
    if several:
        name = effect.feature if effect.level is None else f"{effect.feature} {effect.level}"
        return label_of(name, most=12) + " → " + label_of(effect.output, most=9)
    return label_of(effect.feature, effect.level or "")


def _importance_chart(exhibits: Exhibits, metric: str) -> str:
    found = [Bar(label_of(one.feature), one.loss, one.deviation) for one in exhibits.importance]
    label = f"{metric} lost when shuffled"
    return bars("importance", found, "Permutation importance", label)


def _shap_chart(exhibits: Exhibits) -> str:
    found = [Bar(label_of(one.feature), one.value) for one in exhibits.shap]
    return bars("shap", found, "SHAP values", "mean absolute SHAP value")
