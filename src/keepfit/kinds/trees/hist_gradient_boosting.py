"""scikit-learn's histogram boosting, with categories and nulls as they are, as a skops file."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepfit.errors import Corrupt, NotInstalled, UserError
from keepfit.kinds import skops_file
from keepfit.kinds.encode import Floats
from keepfit.kinds.skops_file import ESTIMATOR
from keepfit.kinds.trees.boosting import BoostingKind, Course, Header
from keepfit.kinds.trees.params import (
    HistGradientBoosting,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from keepfit.kinds.trees.table import Table

_SETTINGS = (
    *("learning_rate", "max_iter", "max_leaf_nodes", "max_depth", "min_samples_leaf"),
    *("l2_regularization", "max_features", "max_bins"),
)


@dataclass(frozen=True, slots=True)
class Estimator:
    """A fitted estimator of scikit-learn; it keeps the protocol `Trees`."""

    estimator: Any
    outputs: int
    threads: Any  # threadpoolctl's controller, which takes milliseconds to make

    @property
    def count(self) -> int:
        """How many rounds it took."""
        return int(self.estimator.n_iter_)

    def scores(self, table: Table) -> Floats:
        """(outputs, rows): its values, or what its classes score."""
        ask = getattr(self.estimator, "decision_function", self.estimator.predict)
        with self.threads.limit(limits=1):
            said: Floats = np.asarray(ask(table.matrix()), dtype=np.float64)
        return said.reshape(-1, self.outputs).T

    def shap(self, table: Table) -> None:
        """scikit-learn has none."""


class HistGradient:
    """scikit-learn; it keeps the protocol `Library`."""

    file = ESTIMATOR
    no_update = "for scikit-learn cuts numbers anew with new rows, and old trees would misread them"

    def __init__(self, ensemble: Any) -> None:
        self._ensemble = ensemble

    def most_levels(self, params: HistGradientBoosting) -> int:
        """A bin each."""
        return params.max_bins

    def fit(self, course: Course, params: HistGradientBoosting) -> bytes:
        """A skops file; UserError with what scikit-learn says of the rows."""
        settings = {name: getattr(params, name) for name in _SETTINGS}
        if course.classes:
            made = self._ensemble.HistGradientBoostingClassifier
        else:
            made = self._ensemble.HistGradientBoostingRegressor
            settings |= {"loss": params.goal, "quantile": getattr(params, "quantile", None)}
        table = course.train.table
        estimator = made(
            **settings,
            categorical_features=[*range(len(table.codes))] or None,
            early_stopping=course.validation is not None,
            n_iter_no_change=params.early_stopping_rounds,
            tol=0.0,
            random_state=course.seed,
        )
        judges = {}
        if course.validation:
            judges = {
                "X_val": course.validation.table.matrix(),
                "y_val": course.validation.target,
                "sample_weight_val": course.validation.weight,
            }
        with _module("threadpoolctl").threadpool_limits(course.threads):
            try:
                estimator.fit(table.matrix(), course.train.target, course.train.weight, **judges)
            except ValueError as error:
                raise UserError(f"{made.__name__} cannot learn: {error}") from error
        # Its own encoder of categories holds functions, and has nothing to do: codes have no gaps,
        # as every level has rows, and come first, which is where it would put them.
        vars(estimator)["_preprocessor"] = None
        vars(vars(estimator)["_bin_mapper"])["n_threads"] = 1  # whatever it was trained with
        return skops_file.dump(estimator)

    def read(self, stored: bytes, header: Header) -> Estimator:
        """The estimator; Corrupt where it does not read the columns that the header names."""
        estimator = skops_file.load(stored)
        encoding = header.encoding
        columns = len(encoding.numbers) + len(encoding.categories)
        if getattr(estimator, "n_features_in_", None) != columns:
            raise Corrupt(f"{ESTIMATOR}: it does not read the {columns} columns of `{header.kind}`")
        controller = _module("threadpoolctl").ThreadpoolController()
        return Estimator(estimator, header.outputs, controller)


def _library(kind: str) -> HistGradient:
    try:
        importlib.import_module("skops.io")
        return HistGradient(importlib.import_module("sklearn.ensemble"))
    except ImportError as error:
        raise NotInstalled(f"kind `{kind}`", "sklearn") from error


def _module(name: str) -> Any:
    return importlib.import_module(name)


CLASSIFIER = BoostingKind(
    "hist-gradient-boosting-classifier", HistGradientBoostingClassifier, _library
)
REGRESSOR = BoostingKind(
    "hist-gradient-boosting-regressor", HistGradientBoostingRegressor, _library
)
