"""Labels of rows: the classes that they are, or their places among those that are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from keepfit.errors import DataRefused, UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.encode import Codes, Floats, column
from keepfit.kinds.target import target_of
from keepfit.records.base import Label


def classes_of(lesson: Lesson) -> tuple[tuple[Label, ...], Codes]:
    """The labels of the target, sorted, and the place of each row's; UserError for a type that is
    none of labels, DataRefused for fewer than two of them."""
    series = column(lesson.train, lesson.target)
    if series.dtype in (pl.String, pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    elif not (series.dtype == pl.Boolean or series.dtype.is_integer()):
        raise UserError(
            f"target `{lesson.target}` is {series.dtype}; classes are text, integers or booleans",
            hint=f'say so in the file: types = {{ {lesson.target} = "integer" }}, or "text"',
        )
    labels = series.unique().sort()
    if labels.len() < 2:
        only = f"only {labels[0]!r}" if labels.len() else "no rows"
        raise DataRefused(
            f"target `{lesson.target}` has {only} among the training rows; expected two classes",
            hint="look at window, clean and split: do they leave rows of each class?",
        )
    codes = labels.search_sorted(series) if series.dtype != pl.Boolean else series
    return tuple(labels.to_list()), codes.cast(pl.Int64).to_numpy()


def codes_among(lesson: Lesson, classes: tuple[Label, ...]) -> np.ndarray:
    """The place of each training row's label; DataRefused for one that the classes lack."""
    target = lesson.train[lesson.target]
    codes = places_of(target, classes)
    if unknown := codes.null_count():
        label = target.filter(codes.is_null())[0]
        raise DataRefused(
            f"target `{lesson.target}` is {label!r} in one of {unknown:,} new rows whose class the "
            "model to go on from does not know",
            hint='train from scratch: train = "window" or "all"',
        )
    return codes.to_numpy()


def places_of(target: pl.Series, classes: tuple[Label, ...]) -> pl.Series:
    """The place of each label among the classes; null for one that is none of them."""
    labels = pl.Series(classes)
    places = dict(zip(classes, range(len(classes)), strict=True))
    known = target.cast(labels.dtype)
    return known.replace_strict(places, default=None, return_dtype=pl.Int64)


def validation_of(
    lesson: Lesson, classes: tuple[Label, ...]
) -> tuple[pl.DataFrame, np.ndarray] | None:
    """The validation rows with their target, as numbers or the places of their labels; without
    those of a class that training never saw. None for no rows."""
    if not lesson.validation.height:
        return None
    if not classes:
        return lesson.validation, target_of(dataclasses.replace(lesson, train=lesson.validation))
    codes = places_of(lesson.validation[lesson.target], classes)
    rows = lesson.validation.filter(codes.is_not_null())
    return (rows, codes.drop_nulls().to_numpy()) if rows.height else None


def class_weights(codes: np.ndarray, classes: int) -> Floats:
    """What a row of each class counts, so that every class counts the same."""
    rows = np.maximum(np.bincount(codes, minlength=classes), 1)  # new rows may lack a class
    weights: Floats = codes.size / (classes * rows)
    return weights
