"""LightGBM: categories as groups of codes, numbers with holes, and a model as its own text."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepfit.errors import Corrupt, NotInstalled, SystemFailure, UserError
from keepfit.kinds.encode import Floats
from keepfit.kinds.trees.boosting import BoostingKind, Course, Header, Rows
from keepfit.kinds.trees.params import LightGbm, LightGbmClassifier, LightGbmRegressor
from keepfit.kinds.trees.table import Table

FILE = "model.txt"

_OBJECTIVES = {
    "squared_error": "regression",
    "absolute_error": "regression_l1",
    "quantile": "quantile",
    "poisson": "poisson",
    "gamma": "gamma",
}
_SETTINGS = (
    *("learning_rate", "num_leaves", "min_data_in_leaf", "lambda_l1", "lambda_l2"),
    *("feature_fraction", "bagging_fraction", "bagging_freq", "max_bin"),
    *("min_data_per_group", "cat_smooth", "cat_l2"),
)


@dataclass(frozen=True, slots=True)
class Booster:
    """A fitted model of LightGBM; it keeps the protocol `Trees`."""

    booster: Any
    classes: int  # 0 for a regression

    @property
    def count(self) -> int:
        """How many trees it has."""
        return int(self.booster.num_trees())

    def scores(self, table: Table) -> Floats:
        """(outputs, rows): its values, or what its classes score."""
        raw = self.classes > 0
        said: Floats = self.booster.predict(table.matrix(), raw_score=raw, num_threads=1)
        return said.reshape(len(said), -1).T

    def shap(self, table: Table) -> Floats:
        """A feature each: the mean of the absolute values."""
        said = self.booster.predict(table.matrix(), pred_contrib=True, num_threads=1)
        each = said.reshape(len(said), -1, len(table.names) + 1)[:, :, :-1]  # the last is the base
        values: Floats = np.abs(each).sum(axis=1).mean(axis=0)
        return values


class Library:
    """LightGBM; it keeps the protocol `Library`."""

    file = FILE
    no_update = None

    def __init__(self, lightgbm: Any) -> None:
        self._lightgbm = lightgbm

    def most_levels(self, params: LightGbm) -> None:
        """As many as there are."""

    def fit(self, course: Course, params: LightGbm) -> bytes:
        """The model's text; UserError with what LightGBM says of params or rows."""
        settings = _settings(course, params)
        stop = self._lightgbm.early_stopping(params.early_stopping_rounds, verbose=False)
        train = self._dataset(course.train, settings)
        try:
            booster = self._lightgbm.train(
                settings,
                train,
                num_boost_round=params.num_iterations,
                valid_sets=(
                    [self._dataset(course.validation, settings, train)] if course.validation else []
                ),
                callbacks=[stop] if course.validation else [],
                init_model=(
                    self._lightgbm.Booster(model_str=course.base.decode()) if course.base else None
                ),
            )
        except self._lightgbm.basic.LightGBMError as error:
            raise UserError(f"LightGBM cannot learn: {error}") from error
        text: str = booster.model_to_string()
        return text.encode()

    def read(self, stored: bytes, header: Header) -> Booster:
        """The model; Corrupt where it does not read the columns that the header names."""
        try:
            booster = self._lightgbm.Booster(model_str=stored.decode())
        except (UnicodeDecodeError, self._lightgbm.basic.LightGBMError) as error:
            raise Corrupt(f"{FILE}: this is no model of LightGBM: {error}") from error
        if booster.num_feature() != len(header.encoding.numbers + header.encoding.categories):
            raise Corrupt(f"{FILE}: it does not read the columns that its header names")
        return Booster(booster, len(header.classes))

    def _dataset(self, rows: Rows, settings: dict[str, Any], reference: Any = None) -> Any:
        return self._lightgbm.Dataset(
            rows.table.matrix(),
            rows.target.astype(np.float64),
            weight=rows.weight,
            reference=reference,
            categorical_feature=[*range(len(rows.table.codes))],
            params=settings,
        )


def _settings(course: Course, params: LightGbm) -> dict[str, Any]:
    settings = {name: getattr(params, name) for name in _SETTINGS}
    if course.classes > 2:
        settings |= {"objective": "multiclass", "num_class": course.classes}
    elif course.classes:
        settings["objective"] = "binary"
    else:
        settings["objective"] = _OBJECTIVES[params.goal]
    if params.goal == "quantile":
        settings["alpha"] = getattr(params, "quantile", None)
    return settings | {
        "max_depth": params.max_depth or -1,
        "seed": course.seed,
        "num_threads": course.threads,
        "deterministic": True,  # together with one way of making histograms
        "force_row_wise": True,
        "verbosity": -1,
    }


def _library(kind: str) -> Library:
    try:
        return Library(importlib.import_module("lightgbm"))
    except ImportError as error:
        raise NotInstalled(f"kind `{kind}`", "lightgbm") from error
    except OSError as error:  # its wheel does not bring along the runtime of OpenMP
        raise SystemFailure(
            f"kind `{kind}`: LightGBM is installed, and cannot be loaded: {error}",
            hint="install the library that it names; libgomp is in Debian's package libgomp1",
        ) from error


CLASSIFIER = BoostingKind("lightgbm-classifier", LightGbmClassifier, _library)
REGRESSOR = BoostingKind("lightgbm-regressor", LightGbmRegressor, _library)
