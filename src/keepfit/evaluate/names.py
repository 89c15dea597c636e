"""The metrics by name: which way is better, in what unit, for which task. Light: no numpy here."""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

from keepfit.errors import guess

Better = Literal["higher", "lower"]
REGRESSION, CLASSIFICATION = "regression", "classification"


class Entry(NamedTuple):
    """What is known of a metric before it is computed."""

    better: Better
    unit: str
    tasks: tuple[str, ...]


_NUMBERS, _CLASSES = (REGRESSION,), (CLASSIFICATION,)

METRICS: dict[str, Entry] = {
    "mae": Entry("lower", "the target's", _NUMBERS),
    "rmse": Entry("lower", "the target's", _NUMBERS),
    "r2": Entry("higher", "share of the variance", _NUMBERS),
    "mape": Entry("lower", "share of the truth", _NUMBERS),
    "smape": Entry("lower", "share of the mean of truth and prediction", _NUMBERS),
    "mase": Entry("lower", "the series' mean move in a season", _NUMBERS),
    "wql": Entry("lower", "share of the sum of the truth", _NUMBERS),
    "coverage": Entry("higher", "share of the rows", _CLASSES),
    "accuracy": Entry("higher", "share of the rows", _CLASSES),
    "selective_accuracy": Entry("higher", "share of the answered rows", _CLASSES),
    "balanced_accuracy": Entry("higher", "share of a class's rows", _CLASSES),
    "f1": Entry("higher", "harmonic mean of precision and recall", _CLASSES),
    "roc_auc": Entry("higher", "share of the pairs", _CLASSES),
    "pr_auc": Entry("higher", "mean precision", _CLASSES),
    "log_loss": Entry("lower", "nats", _CLASSES),
    "brier": Entry("lower", "squared probability", _CLASSES),
    "hosmer_lemeshow": Entry("lower", "chi-squared", _CLASSES),
}

FAMILIES: dict[str, Entry] = {  # a number belongs to the name: `within-10`
    "within": Entry("higher", "share of the rows", _NUMBERS),
    "share-within": Entry("higher", "share of the rows", _NUMBERS),
    "coverage": Entry("higher", "share of the rows", _NUMBERS),
    "prefix": Entry("higher", "share of the rows", _CLASSES),
    "top": Entry("higher", "share of the rows", _CLASSES),
    "lift-at": Entry("higher", "times the share of all rows", _CLASSES),
}

_EXAMPLES = ("within-10", "share-within-10", "coverage-80", "lift-at-5", "prefix-4", "top-3")
_MOST = {"lift-at": 100, "coverage": 99.99}  # per cent
_WHOLE = ("prefix", "top")  # their number counts characters, or labels
_FAMILY = re.compile(rf"({'|'.join(FAMILIES)})-((?:0|[1-9]\d*)(?:\.\d+)?)")


class Parsed(NamedTuple):
    """A name taken apart: `within-10` is the family `within` and the number 10."""

    base: str
    entry: Entry
    number: float | None = None


def parse(name: str) -> Parsed | None:
    """What the name means, or None if it names no metric of keepfit's own."""
    if entry := METRICS.get(name):
        return Parsed(name, entry)
    match = _FAMILY.fullmatch(name)
    if not match or not float(match[2]):
        return None
    if float(match[2]) > _MOST.get(match[1], math.inf):
        return None
    if match[1] in _WHOLE and not match[2].isdecimal():
        return None
    return Parsed(match[1], FAMILIES[match[1]], float(match[2]))


def names(task: str | None = None) -> list[str]:
    """Every metric by name, or those that suit a task, sorted; of a family one example."""
    every = sorted([*METRICS, *_EXAMPLES])
    return [name for name in every if (it := parse(name)) and task in (None, *it.entry.tasks)]


def problem(name: str, task: str | None = None) -> str | None:
    """What is wrong with `name` as a metric (for models of `task`, where it is known), or None."""
    parsed = parse(name)
    if parsed is None:
        return f"is {name!r}; expected the name of a metric.{guess(name, names())}"
    if task is not None and task not in parsed.entry.tasks:
        fit = ", ".join(names(task))
        return f"is {name!r}, which does not suit {task}; expected one of {fit}"
    return None


def default_metric(task: str) -> str:
    """What champion and challenger are compared on where the gate names nothing."""
    return "mae" if task == REGRESSION else "log_loss"


def of_forecasts(levels: int) -> tuple[str, ...]:
    """The metrics that are always reported of a forecast, besides those of its task."""
    return ("mase", "smape", *(("wql",) if levels else ()))


def defaults(task: str, classes: int = 0) -> tuple[str, ...]:
    """The metrics that are always reported for a task; two classes have a ROC curve as well."""
    if task == REGRESSION:
        return ("mae", "rmse", "r2")
    return ("log_loss", "accuracy", "roc_auc") if classes == 2 else ("log_loss", "accuracy")
