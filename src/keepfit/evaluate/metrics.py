"""Metrics that know their direction, their unit and their task."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import polars as pl

from keepfit.errors import UnknownName
from keepfit.evaluate import forecasts, ranking, terms, weighted
from keepfit.evaluate import names as grammar
from keepfit.evaluate.names import CLASSIFICATION, REGRESSION, Better
from keepfit.evaluate.own import scorer_of
from keepfit.evaluate.sample import Codes, NotMeasurable, Numbers, Sample, answered, classes_of
from keepfit.evaluate.weighted import Scorer
from keepfit.kinds.base import Prediction


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of one number a row, or the root of that mean."""

    terms: Callable[[Sample], Numbers]
    of: Literal["numbers", "squares", "yes or no"] = "numbers"

    def value(self, sample: Sample) -> float:
        """The metric on the rows of the sample."""
        mean = float(np.mean(self.terms(sample)))
        return math.sqrt(mean) if self.of == "squares" else mean


@dataclass(frozen=True, slots=True)
class Whole:
    """A number that only all rows together have."""

    scorer: Callable[..., Scorer]  # of a sample, and of the units that draws are of, if any

    def value(self, sample: Sample) -> float:
        """The metric on the rows of the sample; nan where it is not defined."""
        return float(self.scorer(sample)(np.ones((1, sample.size)))[0])


def _everywhere(_sample: Sample) -> Codes | None:
    """None: on all rows."""
    return None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: which way is better, in what unit, for which tasks, and how it is computed."""

    name: str
    better: Better
    how: Mean | Whole = field(repr=False)
    unit: str = ""
    tasks: tuple[str, ...] = (REGRESSION, CLASSIFICATION)
    where: Callable[[Sample], Codes | None] = _everywhere  # the rows it is of, by their places

    def part(self, sample: Sample) -> Sample:
        """The rows that it is measured on: the same for every side, whatever a side says of them.
        NotMeasurable where a side lacks an answer, be it of a row that it is not measured on."""
        places = self.where(sample)
        return sample if places is None else sample.take(places)

    def of(self, sample: Sample) -> float:
        """Its value, always finite; NotMeasurable with the reason where there is none."""
        if not sample.size:
            raise NotMeasurable("there are no rows to measure it on")
        if sample.task not in self.tasks:
            raise NotMeasurable(f"{self.name} does not suit {sample.task}")
        value = self.how.value(self.part(sample))
        if not math.isfinite(value):
            raise NotMeasurable("it is not defined on these rows")
        return value

    def measure(
        self, truth: pl.Series, prediction: Prediction, rows: pl.DataFrame | None = None
    ) -> float:
        """Its value for one model's answers, row for row; NotMeasurable with the reason."""
        classes = () if CLASSIFICATION not in self.tasks else classes_of(truth, prediction)
        return self.of(Sample(truth, prediction, classes, rows))

    def gain(self, challenger: float, champion: float) -> float:
        """How much better the challenger is; below zero it is worse."""
        return challenger - champion if self.better == "higher" else champion - challenger


def _plain() -> Mapping[str, Mean | Whole]:
    return {
        "mae": Mean(terms.absolute_error),
        "rmse": Mean(terms.squared_error, of="squares"),
        "r2": Whole(weighted.r2),
        "mape": Mean(terms.percentage_error),
        "smape": Mean(terms.symmetric_error),
        "mase": Mean(forecasts.scaled_error),
        "wql": Whole(forecasts.quantile_loss),
        "coverage": Mean(answered, of="yes or no"),
        "accuracy": Mean(terms.right, of="yes or no"),
        "selective_accuracy": Whole(weighted.selective_accuracy),
        "balanced_accuracy": Whole(weighted.balanced_accuracy),
        "f1": Whole(weighted.f1),
        "roc_auc": Whole(ranking.roc_auc),
        "pr_auc": Whole(ranking.pr_auc),
        "log_loss": Mean(terms.surprise),
        "brier": Mean(terms.squared_chance),
        "hosmer_lemeshow": Whole(weighted.hosmer_lemeshow),
    }


def _with_number(family: str, number: float) -> Mean | Whole:
    if family == "within":
        return Mean(partial(terms.within, limit=number), of="yes or no")
    if family == "share-within":
        return Mean(partial(terms.share_within, percent=number), of="yes or no")
    if family == "coverage":
        return Mean(partial(forecasts.covered, percent=number), of="yes or no")
    if family == "prefix":
        return Mean(partial(terms.prefix, length=int(number)), of="yes or no")
    if family == "top":
        return Mean(partial(terms.among_top, labels_shown=int(number)), of="yes or no")
    return Whole(partial(ranking.lift, percent=number))


def get(name: str) -> Metric:
    """The metric of that name; UnknownName with a guess."""
    parsed = grammar.parse(name)
    if parsed is None:
        raise UnknownName("metric", name, grammar.names())
    base, entry, number = parsed
    how = _plain()[base] if number is None else _with_number(base, number)
    where = forecasts.scaled_rows if base == "mase" else _everywhere
    return Metric(name, entry.better, how, entry.unit, entry.tasks, where)


def own(name: str, function: Callable[..., Any], better: Better) -> Metric:
    """
    A metric of the user's: `function(truth, prediction)` or `(truth, prediction, rows)`.

    It gets numpy arrays in the order of the rows, and the rows as a polars frame with the columns
    `probability_<class>` where the model gives them. What it raises, and an answer that is no
    finite number, is NotMeasurable with the place in its file.
    """
    return Metric(name, better, Whole(partial(scorer_of, name, function)))
