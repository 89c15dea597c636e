"""What the regressions of the linear family share: from a lesson to a fitted model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from keepfit.errors import DataRefused, UserError
from keepfit.kinds.base import Lesson, Params
from keepfit.kinds.design import Design, design_of
from keepfit.kinds.encode import Floats, column, learn
from keepfit.kinds.params import NO_UPDATE, Linear
from keepfit.kinds.plain import PlainModel, load, model_of


@dataclass(frozen=True, slots=True)
class Regression:
    """A linear regression; it keeps the protocol `Kind`."""

    name: str
    params: type[Linear]
    scales: bool  # whether numbers are scaled where the file does not say
    solve: Callable[[Design, Floats, Any], Floats]  # design, target, params: coefficients

    def task(self, params: Params) -> str:  # noqa: ARG002 (the protocol's; estimators need it)
        """Always regression."""
        return "regression"

    def no_update(self, params: Params) -> str:  # noqa: ARG002 (the protocol's)
        """Why it cannot go on from a model."""
        return NO_UPDATE

    def fit(self, lesson: Lesson, params: Params, *, seed: int, threads: int) -> PlainModel:  # noqa: ARG002 (nothing here is random)
        """The model that the training rows teach; UserError for columns it cannot read."""
        wanted = self.params.model_validate(params)
        target = target_of(lesson)
        scale = self.scales if lesson.encode.scale is None else lesson.encode.scale
        with np.errstate(over="ignore", invalid="ignore"):  # whoever overflows is refused by name
            encoding = learn(lesson.train, lesson.features, lesson.encode)
            design = design_of(lesson.train, encoding, intercept=wanted.fit_intercept, scale=scale)
            return model_of(self.name, encoding, design, [self.solve(design, target, wanted)])

    def load(self, files: Mapping[str, bytes]) -> PlainModel:
        """The model that was saved; Corrupt if these are not its files."""
        return load(self.name, files)


def target_of(lesson: Lesson) -> Floats:
    """The target as finite numbers; UserError for another type, DataRefused for no
    rows or values that are not finite."""
    series = column(lesson.train, lesson.target)
    if not series.len():
        raise DataRefused("no training rows are left", hint="look at window, clean and split")
    if not series.dtype.is_numeric():
        raise UserError(
            f"target `{lesson.target}` is {series.dtype}; a regression expects numbers",
            hint='for classes set kind = "logistic"',
        )
    values = series.cast(pl.Float64).to_numpy()
    if bad := int((~np.isfinite(values)).sum()):
        raise DataRefused(
            f"target `{lesson.target}` is not finite in {bad} training rows",
            hint=f'remove them: clean = {{ finite = "is_finite({lesson.target})" }}',
        )
    return values
