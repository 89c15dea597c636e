"""An estimator of scikit-learn that has learned, and the files that it is kept in."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import polars as pl

from keepfit.digest import canonical
from keepfit.errors import NotInstalled, Refused, UserError
from keepfit.kinds import skops_file
from keepfit.kinds.base import Prediction
from keepfit.kinds.encode import Floats, codes_of, numbers_of
from keepfit.kinds.header import MODEL
from keepfit.kinds.sklearn.file import Header
from keepfit.kinds.skops_file import ESTIMATOR
from keepfit.records.base import Label

# A matrix product rounds differently for other numbers of rows. In blocks of one size, a row gets
# the same bits alone as among a million; 256 keeps the cost of a call small for both.
_BLOCK = 256

# For these a row's answer is arithmetic on that row alone; one call is many times faster for them.
_ROW_BY_ROW = (
    "sklearn.dummy.",
    "sklearn.ensemble._forest.",
    "sklearn.ensemble._gb.",
    "sklearn.ensemble._hist_gradient_boosting.",
    "sklearn.tree.",
)


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted estimator with the encoding that makes its matrix."""

    header: Header
    stored: bytes = field(repr=False)  # kept: some estimators count how often they were asked
    estimator: Any
    threads: Any  # threadpoolctl's controller, which takes milliseconds to make

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels it knows, sorted; empty for a regression."""
        return self.header.classes

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """Numbers; or labels, the most probable ones, or without probabilities its own choice."""
        matrix = matrix_of(self.header, rows)
        if not self.classes:
            return Prediction(
                pl.Series("prediction", self._answers("predict", matrix).astype(np.float64))
            )
        if not hasattr(self.estimator, "predict_proba"):
            return Prediction(self._labels(self._answers("predict", matrix)), None, self.classes)
        shares = self._answers("predict_proba", matrix)
        return Prediction(self._labels(shares.argmax(axis=1)), shares, self.classes)

    def expression(self) -> None:
        """There is none."""

    def save(self) -> dict[str, bytes]:
        """`model.json` with encoding and classes, `estimator.skops` with the rest."""
        return {MODEL: canonical(self.header), ESTIMATOR: self.stored}

    def describe(self) -> dict[str, Any]:
        """The estimators, what they were told other than the defaults, and the encoding."""
        return {
            "estimator": list(self.header.estimator),
            "params": repr(self.estimator),
            "encoding": msgspec.to_builtins(self.header.encoding),
        }

    def _labels(self, codes: np.ndarray) -> pl.Series:
        return pl.Series("prediction", self.classes).gather(codes.astype(np.int64))

    def _answers(self, method: str, matrix: Floats) -> np.ndarray:
        """What the estimator says of each row, the same bits whatever rows are beside it."""
        ask: Callable[[Floats], np.ndarray] = getattr(self.estimator, method)
        with self.threads.limit(limits=1):
            if not len(matrix):  # scikit-learn refuses to look at none
                return ask(np.zeros((1, matrix.shape[1])))[:0]
            if type(self.estimator).__module__.startswith(_ROW_BY_ROW):
                return ask(matrix)
            padded = np.concatenate([matrix, np.repeat(matrix[:1], -len(matrix) % _BLOCK, axis=0)])
            blocks = [ask(block) for block in padded.reshape(-1, _BLOCK, matrix.shape[1])]
            return np.concatenate(blocks)[: len(matrix)]


def matrix_of(header: Header, rows: pl.DataFrame) -> Floats:
    """(rows, columns): the numbers, then a column of 0 and 1 for each level of each category."""
    encoding = header.encoding
    matrix = np.zeros((rows.height, header.width))
    for place, number in enumerate(encoding.numbers):
        values = numbers_of(number, rows)
        if header.scale:
            values = (values - number.mean) / (number.deviation or 1.0)
        matrix[:, place] = values
    start = len(encoding.numbers)
    for category in encoding.categories:
        codes = codes_of(category, rows)
        known = np.flatnonzero(codes < category.size)
        matrix[known, start + codes[known]] = 1.0
        start += category.size
    return matrix


@contextmanager
def steady(estimator: Any, threads: int) -> Iterator[None]:
    # joblib by threads: its processes would outlive a training that is stopped.
    with (
        _module("joblib").parallel_config(backend="threading", n_jobs=threads),
        _module("threadpoolctl").threadpool_limits(threads),
    ):
        try:
            yield
        except ValueError as error:  # of params and of rows; scikit-learn's words say which
            raise UserError(f"{type(estimator).__name__} cannot learn: {error}") from error


def written(estimator: Any) -> bytes:
    try:
        return skops_file.dump(estimator)
    except (Refused, TypeError) as error:
        raise UserError(
            f"{type(estimator).__name__} cannot be stored without code: {error}",
            hint="choose another estimator, or leave out the parameter that brought it in",
        ) from error


def read(header: Header, stored: bytes) -> Learned:
    estimator = skops_file.load(stored)
    return Learned(header, stored, estimator, _module("threadpoolctl").ThreadpoolController())


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotInstalled("kind `sklearn`", "sklearn") from error
