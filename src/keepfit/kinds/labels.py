"""Labels of rows among the classes that a model knows already."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from keepfit.errors import DataRefused
from keepfit.kinds.base import Lesson
from keepfit.kinds.target import target_of
from keepfit.records.base import Label


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
