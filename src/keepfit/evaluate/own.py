"""Metrics of the user's own: their function, called with care."""

from __future__ import annotations

import inspect
import math
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from keepfit.evaluate.dependence import Units
from keepfit.evaluate.sample import Codes, NotMeasurable, Numbers, Sample
from keepfit.evaluate.weighted import Scorer, on_rows


def scorer_of(
    name: str, function: Callable[..., Any], sample: Sample, units: Units | None = None
) -> Scorer:
    """A scorer that calls the function once a draw, with each row as often as the draw holds it."""
    truth, said = sample.truth.to_numpy(), sample.prediction.values.to_numpy()
    rows = _rows(sample) if _wants_rows(function) else None

    def once(counts: Codes) -> float:
        index = np.repeat(np.arange(len(counts)), counts)  # copies, so that it may write on them
        further = () if rows is None else (rows[index],)
        return _call(name, function, truth[index], said[index], *further)

    def score(weights: Numbers) -> Numbers:
        return np.array([once(counts) for counts in weights.astype(np.int64)])

    return on_rows(score, units)


def _wants_rows(function: Callable[..., Any]) -> bool:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in positional and p.default is p.empty for p in parameters) > 2


def _rows(sample: Sample) -> pl.DataFrame:
    if sample.rows is None:
        raise NotMeasurable("it asks for the rows, and there are none at hand")
    chances = sample.prediction.probabilities
    if chances is None:
        return sample.rows
    named = zip(sample.prediction.classes, chances.T, strict=True)
    return sample.rows.with_columns(pl.Series(f"probability_{c}", p) for c, p in named)


def _call(name: str, function: Callable[..., Any], *arguments: Any) -> float:
    try:
        answer = function(*arguments)
    except Exception as error:  # whatever the user's code raises, it is no measure
        text = f"{name} raised {type(error).__name__}: {error} ({_place(function, error)})"
        raise NotMeasurable(text) from error
    try:
        value = float(answer)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        where = _place(function, None)
        raise NotMeasurable(f"{name} gave {answer!r}; expected a finite number ({where})")
    return value


def _place(function: Callable[..., Any], error: Exception | None) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:  # a class or a callable object
        return repr(function)
    line = code.co_firstlineno
    for frame in traceback.extract_tb(error.__traceback__ if error else None):
        if frame.filename == code.co_filename:
            line = frame.lineno or line
    return f"{Path(code.co_filename).name}:{line}"
