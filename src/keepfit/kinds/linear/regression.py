"""What the regressions of the linear family share: from rows to moments to a fitted model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from keepfit.config.schema.rows import Encode
from keepfit.kinds.base import Lesson, Params
from keepfit.kinds.encode import Floats, column, floats_of, roles_of
from keepfit.kinds.encoding import Encoding, Number
from keepfit.kinds.linear.compressed import Medians, compressed
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.gather import Gathering, joined_in_order
from keepfit.kinds.linear.moments import Moments
from keepfit.kinds.linear.moments_file import unpacked
from keepfit.kinds.linear.params import NO_UPDATE, Linear
from keepfit.kinds.linear.plain import PlainModel, load, model_of
from keepfit.kinds.linear.plain_file import Output, Plain
from keepfit.kinds.linear.together import Rows, Solved, solved


@dataclass(frozen=True, slots=True)
class Regression:
    """A linear regression; it keeps the protocol `Kind`."""

    name: str
    params: type[Linear]
    scales: bool  # whether numbers are scaled where the file does not say
    solve: Callable[[Design, Floats, Any], Floats]  # design, target, params: coefficients
    ridge: Callable[[Any], float] | None = None  # of params: the penalty, where there is no other

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

    def learn(self, gathered: Sequence[bytes], encode: Encode, params: Params) -> PlainModel:
        """The model that the rows of several `gathering`s teach, of each what it packed."""
        return self.learn_from(joined_in_order(map(unpacked, gathered)), encode, params)

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

    def fit_each(
        self, lesson: Lesson, counts: Sequence[int], params: Params
    ) -> list[PlainModel | None]:
        """The model of each of many lessons, whose training rows lie below each other, so many of
        each; None for one that is to be learned by itself."""
        wanted = self.params.model_validate(params)
        roles = roles_of(lesson.train, lesson.features, lesson.encode)
        numbers_alone = roles and not any(roles.values()) and lesson.encode.missing != "median"
        if self.ridge is None or not wanted.fit_intercept or not numbers_alone:
            return [None] * len(counts)
        scale = self.scales if lesson.encode.scale is None else lesson.encode.scale
        found = solved(_rows(lesson, counts), self.ridge(wanted), scale=scale)
        return [
            _model(self.name, lesson, found, place) if good else None
            for place, good in enumerate(found.solved)
        ]

    def load(self, files: Mapping[str, bytes]) -> PlainModel:
        """The model that was saved; Corrupt if these are not its files."""
        return load(self.name, files)


def _rows(lesson: Lesson, counts: Sequence[int]) -> Rows:
    numbers = [floats_of(lesson.train.get_column(name)) for name in lesson.features]
    return Rows(
        numbers=np.column_stack(numbers),
        target=floats_of(column(lesson.train, lesson.target)),
        starts=np.cumsum([0, *counts[:-1]]),
    )


def _model(kind: str, lesson: Lesson, found: Solved, place: int) -> PlainModel:
    means, deviations = found.means[place].tolist(), found.deviations[place].tolist()
    fills = {"mean": means, "zero": [0.0] * len(means), "fail": [None] * len(means)}
    numbers = tuple(
        Number(name=name, fill=fill, mean=mean, deviation=deviation)
        for name, fill, mean, deviation in zip(
            lesson.features, fills[lesson.encode.missing], means, deviations, strict=True
        )
    )
    output = Output(
        intercept=float(found.intercepts[place]),
        numbers=tuple(found.weights[place].tolist()),
        categories=(),
    )
    encoding = Encoding(numbers=numbers, categories=())
    return PlainModel(Plain(format=1, kind=kind, encoding=encoding, outputs=(output,), classes=()))


def _medians(moments: Moments, rows: pl.DataFrame) -> Floats:
    found = []
    for name in moments.numbers:
        values = floats_of(rows.get_column(name))
        there = values[np.isfinite(values)]
        found.append(np.median(there) if there.size else np.nan)
    return np.array(found, dtype=np.float64)
