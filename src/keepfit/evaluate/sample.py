"""Truth and prediction of the same rows, and the arrays that metrics want of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.errors import Refused
from keepfit.evaluate.names import CLASSIFICATION, REGRESSION
from keepfit.kinds.base import Prediction
from keepfit.records.base import Label

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]


class NotMeasurable(Refused):
    """A metric cannot be computed on these rows; the message says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is true of some rows and what one side says of them, row for row."""

    truth: pl.Series
    prediction: Prediction
    classes: tuple[Label, ...] = ()  # all that the truth or a side knows; empty for numbers
    rows: pl.DataFrame | None = None  # for metrics of the user's own

    @property
    def size(self) -> int:
        """How many rows it holds."""
        return len(self.truth)

    @property
    def task(self) -> str:
        """`classification` where there are classes, else `regression`."""
        return CLASSIFICATION if self.classes else REGRESSION

    def take(self, index: Codes) -> Sample:
        """The sample of the rows at `index`, in that order; a row may come more than once."""
        chances, spread = self.prediction.probabilities, self.prediction.quantiles
        kept = self.prediction.answered
        prediction = Prediction(
            self.prediction.values.gather(index),
            None if chances is None else chances[index],
            self.prediction.classes,
            None if spread is None else spread[index],
            self.prediction.levels,
            None if kept is None else kept[index],
        )
        rows = None if self.rows is None else self.rows[index]
        return Sample(self.truth.gather(index), prediction, self.classes, rows)


def classes_of(truth: pl.Series, *predictions: Prediction) -> tuple[Label, ...]:
    """Every label that the truth holds or a prediction knows, sorted."""
    found = set(truth.drop_nulls().unique().to_list())
    for prediction in predictions:
        found.update(prediction.classes, prediction.values.drop_nulls().unique().to_list())
    return tuple(sorted(found, key=lambda label: (isinstance(label, str), label)))


def numbers(sample: Sample) -> tuple[Numbers, Numbers]:
    """Truth and prediction as finite numbers; NotMeasurable with the first row that is none."""
    _check_lengths(sample)
    return _finite("truth", sample.truth), _finite("prediction", sample.prediction.values)


def labels(sample: Sample) -> tuple[Codes, Codes]:
    """Truth and predicted label as positions in `sample.classes`; NotMeasurable on a null."""
    _check_lengths(sample)
    return _codes("truth", sample), _codes("prediction", sample)


def chances(sample: Sample) -> tuple[Codes, Numbers]:
    """
    Truth as positions in `sample.classes`, and the probabilities (rows, classes) in that order.

    A class that the model has never seen has probability 0. NotMeasurable where there are no
    probabilities, or where they are none.
    """
    _check_lengths(sample)
    given = _probabilities(sample)
    known = sample.prediction.classes
    aligned = np.zeros((sample.size, len(sample.classes)))
    aligned[:, [sample.classes.index(label) for label in known]] = given
    return _codes("truth", sample), aligned


def answered(sample: Sample) -> Numbers:
    """1 for each row that is answered: not refused, and not with nothing."""
    _check_lengths(sample)
    said = sample.prediction.values.is_not_null().to_numpy()
    willing = sample.prediction.answered
    return np.asarray(said if willing is None else said & willing, dtype=np.float64)


def _check_lengths(sample: Sample) -> None:
    rows, answers = len(sample.truth), len(sample.prediction.values)
    if rows != answers:
        raise NotMeasurable(f"{answers:,} predictions for {rows:,} rows; expected one a row")
    if not rows:
        raise NotMeasurable("there are no rows to measure it on")


def _finite(what: str, series: pl.Series) -> Numbers:
    values = series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        first = int(bad[0])
        raise NotMeasurable(
            f"the {what} is {series[first]!r} in row {first + 1}"
            f" ({bad.size:,} such rows); expected a finite number"
        )
    return np.asarray(values, dtype=np.float64)


def _codes(what: str, sample: Sample) -> Codes:
    series = sample.truth if what == "truth" else sample.prediction.values
    if empty := series.null_count():
        raise NotMeasurable(f"the {what} is null in {empty:,} rows; expected a label")
    found = series.unique().to_list()
    places = [sample.classes.index(label) for label in found]
    codes = series.replace_strict(found, places, return_dtype=pl.Int64)
    return np.asarray(codes.to_numpy(), dtype=np.int64)


def _probabilities(sample: Sample) -> Numbers:
    given, known = sample.prediction.probabilities, sample.prediction.classes
    if given is None:
        raise NotMeasurable("it needs probabilities, and the model gives labels only")
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (sample.size, len(known)):
        raise NotMeasurable(
            f"the probabilities have the shape {values.shape}; expected {(sample.size, len(known))}"
        )
    # 1e-5: what single precision leaves of a sum of 1
    honest = (values >= 0).all(axis=1) & (np.abs(values.sum(axis=1) - 1) <= 1e-5)
    if not honest.all():
        first = int(np.argmin(honest))
        raise NotMeasurable(
            f"the probabilities of row {first + 1} are {values[first].tolist()};"
            " expected shares that sum to 1"
        )
    return values
