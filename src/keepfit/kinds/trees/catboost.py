"""CatBoost: categories by name, numbers with holes, and a model as its own binary file."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keepfit.errors import Corrupt, DataRefused, NotInstalled, UserError
from keepfit.kinds.describe import level_text
from keepfit.kinds.encode import Floats
from keepfit.kinds.encoding import Category
from keepfit.kinds.trees.boosting import BoostingKind, Course, Header, Rows
from keepfit.kinds.trees.params import CatBoost, CatBoostClassifier, CatBoostRegressor
from keepfit.kinds.trees.table import Table

FILE = "model.cbm"

_LOSSES = {
    "squared_error": "RMSE",
    "absolute_error": "MAE",
    "quantile": "Quantile:alpha={quantile!r}",
    "poisson": "Poisson",
}
_SETTINGS = (
    *("iterations", "depth", "l2_leaf_reg", "random_strength", "bagging_temperature", "rsm"),
    *("border_count", "min_data_in_leaf", "grow_policy", "max_ctr_complexity", "model_size_reg"),
)
_FEW = 50_000  # rows for which CatBoost orders the boosting where it runs on a GPU
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model of CatBoost; it keeps the protocol `Trees`."""

    catboost: Any  # the package
    model: Any
    loss: str

    @property
    def count(self) -> int:
        """How many trees it has."""
        return int(self.model.tree_count_)

    def scores(self, table: Table) -> Floats:
        """(outputs, rows): its raw values, of a Poisson regression their exponents."""
        kind = "Exponent" if self.loss == "poisson" else "RawFormulaVal"
        data = self.catboost.Pool(_features(self.catboost, table), thread_count=1)
        said: Floats = self.model.predict(data, prediction_type=kind, thread_count=1)
        return said.reshape(len(said), -1).T

    def shap(self, table: Table) -> Floats:
        """A feature each: the mean of the absolute values, categories first."""
        data = self.catboost.Pool(_features(self.catboost, table), thread_count=1)
        said = self.model.get_feature_importance(data, type="ShapValues", thread_count=1)
        values: Floats = (
            np.abs(said.reshape(len(said), -1, said.shape[-1])).sum(axis=1).mean(axis=0)
        )
        numbers = len(table.encoding.numbers)
        return np.concatenate([values[numbers:-1], values[:numbers]])  # the last one is the base


class Library:
    """CatBoost; it keeps the protocol `Library`."""

    file = FILE
    no_update = None

    def __init__(self, catboost: Any) -> None:
        self._catboost = catboost

    def most_levels(self, params: CatBoost) -> None:
        """As many as there are."""

    def fit(self, course: Course, params: CatBoost) -> bytes:
        """The model's file; UserError with what CatBoost says of params or rows."""
        _check_classes(course)
        with self._translated():
            model = self._catboost.CatBoost(_settings(course, params)).fit(
                self._pool(course.train, course.threads),
                eval_set=course.validation and self._pool(course.validation, course.threads),
                init_model=course.base and self._catboost.CatBoost().load_model(blob=course.base),
            )
        # Of all that it writes, these two differ from build to build.
        metadata = model.get_metadata()
        metadata["train_finish_time"] = metadata["model_guid"] = ""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / FILE
            model.save_model(str(path))
            return path.read_bytes()

    def read(self, stored: bytes, header: Header) -> Model:
        """The model; Corrupt where it does not read the columns that the header names."""
        try:
            model = self._catboost.CatBoost().load_model(blob=stored)
        except self._catboost.CatBoostError as error:
            raise Corrupt(f"{FILE}: this is no model of CatBoost: {error}") from error
        if len(model.feature_names_) != len(header.encoding.numbers + header.encoding.categories):
            raise Corrupt(f"{FILE}: it does not read the columns that its header names")
        return Model(self._catboost, model, header.loss)

    def _pool(self, rows: Rows, threads: int) -> Any:
        features = _features(self._catboost, rows.table)
        return self._catboost.Pool(features, rows.target, weight=rows.weight, thread_count=threads)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._catboost.CatBoostError as error:
            # the place in its own source comes first
            said = str(error).rpartition(": ")[2] if ".cpp:" in str(error) else str(error)
            raise UserError(f"CatBoost cannot learn: {said}") from error


def _check_classes(course: Course) -> None:
    """DataRefused where trees cannot grow on: CatBoost counts the classes of the rows at hand."""
    there = len(np.unique(course.train.target)) if course.base and course.classes > 2 else 0
    if there and there < course.classes:
        raise DataRefused(
            f"the new rows hold {there} of {course.classes} classes, and CatBoost cannot go on "
            "without a row of each",
            hint='wait for more rows, or train from scratch: train = "window" or "all"',
        )


def _settings(course: Course, params: CatBoost) -> dict[str, Any]:
    settings = {name: getattr(params, name) for name in _SETTINGS}
    if course.classes:
        settings["loss_function"] = "Logloss" if course.classes == 2 else "MultiClass"
    else:
        quantile = getattr(params, "quantile", None)
        settings["loss_function"] = _LOSSES[params.goal].format(quantile=quantile)
    few = len(course.train.target) <= _FEW and params.grow_policy == "SymmetricTree"
    settings["boosting_type"] = params.boosting_type or ("Ordered" if few else "Plain")
    if params.learning_rate is not None:
        settings["learning_rate"] = params.learning_rate
    if params.grow_policy == "Lossguide":
        settings["max_leaves"] = params.max_leaves
    if course.validation:
        settings |= {"early_stopping_rounds": params.early_stopping_rounds, "use_best_model": True}
    return settings | {
        "random_seed": course.seed,
        "thread_count": course.threads,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }


def _features(catboost: Any, table: Table) -> Any:
    """Numbers as CatBoost holds them, and the name of each row's level."""
    encoding = table.encoding
    names = [
        _level_names(one)[codes]
        for one, codes in zip(encoding.categories, table.codes, strict=True)
    ]
    # CatBoost knows numbers of 32 bits alone; beyond them there would be infinity.
    numbers = np.clip(table.numbers, -_LARGEST, _LARGEST).astype(np.float32)
    return catboost.FeaturesData(
        num_feature_data=numbers if encoding.numbers else None,
        cat_feature_data=np.column_stack(names) if names else None,
        num_feature_names=[one.name for one in encoding.numbers] or None,
        cat_feature_names=[one.name for one in encoding.categories] or None,
    )


def _level_names(category: Category) -> np.ndarray:
    """The name of each code: its levels', one for a missing value, one for a level it has not."""
    names = [level_text(category, level) for level in category.levels]
    others = ["(missing)", "(other)"] if category.missing else ["(other)"]
    while not set(names).isdisjoint(others):
        others = [f"({name})" for name in others]
    return np.array([name.encode() for name in (*names, *others)], dtype=object)


def _library(kind: str) -> Library:
    try:
        return Library(importlib.import_module("catboost"))
    except ImportError as error:
        raise NotInstalled(f"kind `{kind}`", "catboost") from error


CLASSIFIER = BoostingKind("catboost-classifier", CatBoostClassifier, _library)
REGRESSOR = BoostingKind("catboost-regressor", CatBoostRegressor, _library)
