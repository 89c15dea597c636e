"""The target as scikit-learn wants it: numbers, or the places of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from keepfit.errors import UnknownName, UserError
from keepfit.kinds.base import Lesson
from keepfit.records.base import Label


def target_of(lesson: Lesson, task: str) -> tuple[tuple[Label, ...], np.ndarray]:
    """The labels, sorted, and the target as numbers: its values, or the places of its labels."""
    target = lesson.train[lesson.target]
    if task == "regression":
        return (), numbers_of(target)
    classes = tuple(labels_in(target))
    return classes, codes_of(target, classes)


def labels_in(target: pl.Series) -> list[Label]:
    """The labels, sorted; UserError for a target that holds none."""
    if not (target.dtype.is_integer() or target.dtype in (pl.String, pl.Boolean, pl.Categorical)):
        raise UserError(
            f"target `{target.name}` is {target.dtype}; a classifier expects text, integers or "
            "booleans",
            hint="make it one with data.derive or data.types",
        )
    return _as_labels(target).unique().sort().to_list()


def codes_of(target: pl.Series, classes: tuple[Label, ...]) -> np.ndarray:
    """The place of each label among `classes`, which are sorted and all of them."""
    labels = _as_labels(target)
    codes = pl.Series(classes, dtype=labels.dtype).search_sorted(labels)
    return codes.to_numpy().astype(np.int64)


def numbers_of(target: pl.Series) -> np.ndarray:
    """The values as floats; UserError for what is no number."""
    if not (target.dtype.is_numeric() or target.dtype == pl.Boolean):
        raise UserError(
            f"target `{target.name}` is {target.dtype}; a regression expects numbers",
            hint="for classes name an estimator that ends in Classifier under params",
        )
    return target.cast(pl.Float64).to_numpy()


def _as_labels(target: pl.Series) -> pl.Series:
    return target.cast(pl.String) if target.dtype == pl.Categorical else target


def weigh_by_code(estimator: Any, classes: tuple[Label, ...]) -> None:
    """Weights are given by label, as the file spells it; the estimator knows places of labels."""
    codes = {str(label).lower(): code for code, label in enumerate(classes)}
    for name, value in estimator.get_params(deep=True).items():
        if name.split("__")[-1] == "class_weight" and isinstance(value, dict):
            try:
                weights = {codes[str(label).lower()]: weight for label, weight in value.items()}
            except KeyError as error:
                raise UnknownName("class", str(error.args[0]), codes) from error
            estimator.set_params(**{name: weights})
