"""What the regressions of the linear family share: from rows to moments to a fitted model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl

from keepfit.config.schema.rows import Encode
from keepfit.kinds.base import Gathers, Lesson, Params
from keepfit.kinds.compressed import Medians, compressed
from keepfit.kinds.design import Design
from keepfit.kinds.encode import Floats, floats_of
from keepfit.kinds.gather import Gathering
from keepfit.kinds.moments import Moments
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
        gathering = self.gathering(lesson.features, lesson.target, lesson.encode)
        gathering.add(lesson.train)
        moments = gathering.moments()
        return self.learn_from(
            moments, lesson.encode, params, lambda: _medians(moments, lesson.train)
        )

    def learns_in_pieces(self, encode: Encode) -> bool:
        """A median is the one thing that moments cannot tell."""
        return encode.missing != "median"

    def gathering(self, features: Sequence[str], target: str, encode: Encode) -> Gathering:
        """Where rows are taken in, some at a time."""
        return Gathering(features, target, encode)

    def learn(self, gathered: Gathers, encode: Encode, params: Params) -> PlainModel:
        """The model that the rows of a `gathering` teach."""
        return self.learn_from(cast(Gathering, gathered).moments(), encode, params)

    def learn_from(
        self, moments: Moments, encode: Encode, params: Params, medians: Medians | None = None
    ) -> PlainModel:
        """The model that these moments teach: all that `fit` takes from the rows, but medians."""
        wanted = self.params.model_validate(params)
        scale = self.scales if encode.scale is None else encode.scale
        with np.errstate(over="ignore", invalid="ignore"):  # whoever overflows is refused by name
            rows = compressed(moments, encode, medians)
            design, target = rows.design(intercept=wanted.fit_intercept, scale=scale)
            coefficients = self.solve(design, target, wanted)
            coefficients[: int(design.intercept)] += rows.target
            return model_of(self.name, rows.encoding, design, [coefficients])

    def load(self, files: Mapping[str, bytes]) -> PlainModel:
        """The model that was saved; Corrupt if these are not its files."""
        return load(self.name, files)


def _medians(moments: Moments, rows: pl.DataFrame) -> Floats:
    found = []
    for name in moments.numbers:
        values = floats_of(rows.get_column(name))
        there = values[np.isfinite(values)]
        found.append(np.median(there) if there.size else np.nan)
    return np.array(found, dtype=np.float64)
