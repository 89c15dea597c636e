"""A fitted model of the linear family: plain arrays in one data file, predicted by numpy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import chain
from math import isfinite
from typing import Any

import numpy as np
import polars as pl

from keepfit.digest import canonical
from keepfit.errors import UserError
from keepfit.kinds.base import Prediction
from keepfit.kinds.describe import described
from keepfit.kinds.encode import (
    Floats,
    codes_of,
    level_expression,
    number_expression,
    numbers_of,
)
from keepfit.kinds.encoding import Encoding
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.plain_file import FILE, Output, Plain, read
from keepfit.kinds.scores import PREDICTION, prediction_of
from keepfit.records.base import Label

_WIDEST = 300  # terms of an expression: planning takes polars a time that grows with their square


class PlainModel:
    """A linear model that has learned; it keeps the protocol `Fitted`."""

    def __init__(self, plain: Plain) -> None:
        self.plain = plain

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels it knows, sorted; empty for a regression."""
        return self.plain.classes

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """One answer a row; UserError or UnknownName for a column that it cannot read."""
        with np.errstate(over="ignore", invalid="ignore"):  # infinite, as in the expression
            return prediction_of(self._scores(rows), self.classes)

    def expression(self) -> pl.Expr | None:
        """The prediction in polars, bit for bit; None for three classes or more, and where a
        missing value must be refused, which an expression cannot, or columns are too many."""
        encoding = self.plain.encoding
        refuses = any(number.fill is None for number in encoding.numbers)
        wide = len(encoding.numbers) + len(encoding.categories) > _WIDEST
        if refuses or wide or len(self.plain.outputs) > 1:
            return None
        score = self._score_expression()
        if self.classes:
            no, yes = map(pl.lit, self.classes)
            score = pl.when(score > 0).then(yes).otherwise(no)
        return score.alias(PREDICTION)

    def save(self) -> dict[str, bytes]:
        """One file of canonical JSON."""
        return {FILE: canonical(self.plain)}

    def describe(self) -> dict[str, Any]:
        """Encoding, intercepts, and coefficients with the weightiest first."""
        plain = self.plain
        names = plain.classes if len(plain.outputs) > 1 else (plain.classes or (PREDICTION,))[-1:]
        weights = [list(chain(o.numbers, *o.categories)) for o in plain.outputs]
        return described(
            plain.kind,
            plain.encoding,
            {str(name): out.intercept for name, out in zip(names, plain.outputs, strict=True)},
            {str(name): weight for name, weight in zip(names, weights, strict=True)},
        )

    @cached_property
    def _levels(self) -> list[list[Floats]]:
        # with a last 0 for the rows whose level has no weight
        return [[np.array([*w, 0.0]) for w in out.categories] for out in self.plain.outputs]

    def _scores(self, rows: pl.DataFrame) -> Floats:
        """(outputs, rows). Column by column in one fixed order, never a matrix product, whose order
        of additions depends on how many rows there are."""
        outputs, encoding = self.plain.outputs, self.plain.encoding
        scores = np.empty((len(outputs), rows.height))
        scores[:] = [[out.intercept] for out in outputs]
        for place, number in enumerate(encoding.numbers):
            values = numbers_of(number, rows)
            for score, out in enumerate(outputs):
                scores[score] += out.numbers[place] * values
        for place, category in enumerate(encoding.categories):
            codes = codes_of(category, rows)
            for score, levels in enumerate(self._levels):
                scores[score] += levels[place][codes]
        return scores

    def _score_expression(self) -> pl.Expr:
        """The same additions in the same order as `_scores`."""
        out, encoding = self.plain.outputs[0], self.plain.encoding
        score = pl.lit(out.intercept)
        for number, weight in zip(encoding.numbers, out.numbers, strict=True):
            score += number_expression(number) * weight
        for category, weights in zip(encoding.categories, out.categories, strict=True):
            score += level_expression(category, np.array(weights, dtype=np.float64))
        return score


def model_of(
    kind: str,
    encoding: Encoding,
    design: Design,
    coefficients: list[Floats],
    classes: tuple[Label, ...] = (),
) -> PlainModel:
    """The model with these coefficients of `design`, one array an output; UserError if they
    overflowed."""
    outputs = tuple(_output(design, c) for c in coefficients)
    every = chain(*([out.intercept, *out.numbers, *chain(*out.categories)] for out in outputs))
    if not all(map(isfinite, every)):
        raise UserError(
            f"{kind}: the coefficients became infinite",
            hint="look for values beyond 1e100 in the target, or make it smaller under `derive`",
        )
    return PlainModel(
        Plain(format=1, kind=kind, encoding=encoding, outputs=outputs, classes=classes)
    )


def load(kind: str, files: Mapping[str, bytes]) -> PlainModel:
    """The model that `save` wrote; Corrupt if the file is missing or is none of that kind."""
    return PlainModel(read(kind, files))


def _output(design: Design, coefficients: Floats) -> Output:
    first, last = int(design.intercept), design.dense.shape[1]
    numbers = coefficients[first:last] / design.unit
    intercept = (coefficients[0] if first else 0.0) - float(np.sum(numbers * design.centre))
    return Output(
        intercept=float(intercept),
        numbers=tuple(numbers.tolist()),
        categories=tuple(tuple(coefficients[block].tolist()) for block in design.blocks),
    )
