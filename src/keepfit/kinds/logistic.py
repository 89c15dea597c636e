"""Logistic regression for two classes or more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfit.errors import DataRefused, UserError
from keepfit.kinds.base import Lesson, Params
from keepfit.kinds.design import Design, design_of
from keepfit.kinds.encode import Codes, Floats, column, learn
from keepfit.kinds.newton import Problem, fit_scores
from keepfit.kinds.params import NO_UPDATE, Logistic
from keepfit.kinds.plain import PlainModel, load, model_of
from keepfit.records.base import Label


@dataclass(frozen=True, slots=True)
class Classification:
    """Logistic regression; it keeps the protocol `Kind`."""

    name: str
    params: type[Logistic]

    def task(self, params: Params) -> str:  # noqa: ARG002 (the protocol's; estimators need it)
        """Always classification."""
        return "classification"

    def no_update(self, params: Params) -> str:  # noqa: ARG002 (the protocol's)
        """Why it cannot go on from a model."""
        return NO_UPDATE

    def fit(self, lesson: Lesson, params: Params, *, seed: int, threads: int) -> PlainModel:  # noqa: ARG002 (nothing here is random)
        """The model that the training rows teach; UserError for columns it cannot read, DataRefused
        for a target of one class."""
        wanted = self.params.model_validate(params)
        classes, codes = classes_of(lesson)
        scale = lesson.encode.scale is not False
        with np.errstate(over="ignore", invalid="ignore"):  # whoever overflows is refused by name
            encoding = learn(lesson.train, lesson.features, lesson.encode)
            design = design_of(lesson.train, encoding, intercept=wanted.fit_intercept, scale=scale)
            coefficients = _solve(design, codes, len(classes), wanted)
        return model_of(self.name, encoding, design, coefficients, classes)

    def load(self, files: Mapping[str, bytes]) -> PlainModel:
        """The model that was saved; Corrupt if these are not its files."""
        return load(self.name, files)


def classes_of(lesson: Lesson) -> tuple[tuple[Label, ...], Codes]:
    """The labels of the target, sorted, and the place of each row's; UserError for a type that is
    none of labels, DataRefused for fewer than two of them."""
    series = column(lesson.train, lesson.target)
    if series.dtype in (pl.String, pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    elif not (series.dtype == pl.Boolean or series.dtype.is_integer()):
        raise UserError(
            f"target `{lesson.target}` is {series.dtype}; classes are text, integers or booleans",
            hint=f'say so in the file: types = {{ {lesson.target} = "integer" }}, or "text"',
        )
    labels = series.unique().sort()
    if labels.len() < 2:
        only = f"only {labels[0]!r}" if labels.len() else "no rows"
        raise DataRefused(
            f"target `{lesson.target}` has {only} among the training rows; expected two classes",
            hint="look at window, clean and split: do they leave rows of each class?",
        )
    codes = labels.search_sorted(series) if series.dtype != pl.Boolean else series
    return tuple(labels.to_list()), codes.cast(pl.Int64).to_numpy()


def _solve(design: Design, codes: Codes, classes: int, params: Logistic) -> list[Floats]:
    truth = (codes == np.arange(classes)[:, None]).astype(np.float64)
    weights = np.full(codes.size, params.C)
    if params.class_weight == "balanced":
        weights *= (codes.size / (classes * np.bincount(codes)))[codes]
    problem = Problem(design, truth[1:] if classes == 2 else truth, weights)
    answer = fit_scores(problem, tol=params.tol, rounds=params.max_iter)
    if classes > 2:
        answer -= answer.mean(axis=0)  # probabilities don't change if all scores do by the same
    return list(answer)


LOGISTIC = Classification("logistic", Logistic)
