"""What a class of the project's own answers, as predictions hold it; ValueError with what is wrong
and what was expected."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import polars as pl

from keepfit.kinds.encode import Floats
from keepfit.records.base import Label

_APART = 1e-6  # how far the probabilities of a row may be from 1 together


def numbers_of(said: Any, rows: int) -> pl.Series:
    """A finite number a row."""
    values = _array(said)
    if values.shape != (rows,):
        raise ValueError(f"gave {_shape(said, values)}; expected {rows:,} numbers, one a row")
    if bad := int((~np.isfinite(values)).sum()):
        where = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(
            f"gave {values[where]} for row {where} of {rows:,}, and {bad:,} such in all; "
            "expected a finite number for every row"
        )
    return pl.Series("prediction", values)


def shares_of(said: Any, rows: int, classes: int) -> Floats:
    """The probabilities of the classes, a row each."""
    shares = _array(said)
    if shares.shape != (rows, classes):
        raise ValueError(
            f"gave {_shape(said, shares)}; expected ({rows}, {classes}): a row each, and a "
            "probability for each class in the order of the sorted labels"
        )
    far = np.abs(shares.sum(axis=1) - 1.0) > _APART
    if not np.isfinite(shares).all() or (shares < 0).any() or far.any():
        raise ValueError("gave what are no probabilities; expected numbers from 0 that sum to 1")
    return np.ascontiguousarray(shares)


def labels_of(said: Any, rows: int, classes: tuple[Label, ...]) -> pl.Series:
    """A known label a row."""
    labels = said.to_list() if isinstance(said, pl.Series) else np.asarray(said).tolist()
    if np.ndim(said) == 0:  # None, one label for all, a generator
        raise ValueError(f"gave {type(said).__name__}; expected {rows:,} labels, one a row")
    if len(labels) != rows:
        raise ValueError(f"gave {len(labels):,} labels; expected {rows:,}, one a row")
    known = dict(zip(classes, classes, strict=True))
    for label in labels:
        if not (isinstance(label, Hashable) and label in known):
            raise ValueError(f"gave {label!r}; expected one of {', '.join(map(str, classes[:12]))}")
    own = [known[label] for label in labels]  # numpy's 1.0 is the label 1
    return pl.Series("prediction", own, dtype=pl.Series(classes).dtype)


def is_table(said: Any) -> bool:
    """Whether an answer has columns, as probabilities have."""
    try:
        return np.ndim(said) == 2
    except ValueError as error:
        raise ValueError(
            "gave rows of different lengths; expected as many numbers a row"
        ) from error


def _array(said: Any) -> Floats:
    try:
        given = said.to_numpy() if isinstance(said, pl.Series | pl.DataFrame) else said
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"gave {type(said).__name__}; expected numbers ({error})") from error


def _shape(said: Any, values: Floats) -> str:
    return f"{type(said).__name__} of shape {values.shape}"
