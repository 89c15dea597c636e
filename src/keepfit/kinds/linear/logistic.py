"""Logistic regression for two classes or more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keepfit.kinds.base import Lesson, Params
from keepfit.kinds.encode import Codes, Floats, learn
from keepfit.kinds.labels import classes_of
from keepfit.kinds.linear.design import Design, design_of
from keepfit.kinds.linear.newton import Problem, fit_scores
from keepfit.kinds.linear.params import NO_UPDATE, Logistic
from keepfit.kinds.linear.plain import PlainModel, load, model_of


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
