"""A compiled path held against the exact pipeline: may a server take it instead?"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.data.cells import reader_of
from keepfit.data.features import serving_rules
from keepfit.kinds import rows_of
from keepfit.kinds.base import Prediction
from keepfit.kinds.rows import RowModel
from keepfit.records import Agreement
from keepfit.train.predictor import Predictor

BOUND = 1e-9

# Every row goes through the same additions, so that a wrong weight or order shows in the first;
# more are for levels and gaps that are rare. These cost about 2 ms of every training.
_ROWS = 500
_CELLS = 25_000  # fewer rows, down to 50, where each is a lot of them


def agreements(
    kind: str, predictor: Predictor, rows: pl.DataFrame, said: Prediction
) -> tuple[Agreement, ...]:
    """How far the compiled paths of a model are from what it said of raw rows; empty without any.

    A path reads single cells: there is none where `derive` or `transform` needs a frame of them,
    or where a column has a type that only polars reads.
    """
    if predictor.transform or serving_rules(predictor.data, predictor.features, predictor.target):
        return ()
    types = {column.name: column.dtype for column in predictor.schema}
    if not all(name in types and reader_of(types[name]) for name in predictor.features):
        return ()
    model = rows_of(kind, predictor.fitted.save())
    if model is None:
        return ()
    cells = len(model.columns) * max(1, len(model.classes))
    some = _spread(rows.height, max(50, min(_ROWS, _CELLS // cells)))
    read = rows.select(model.columns).filter(pl.Series(some))
    return (compare("rows", model, read, said.only(some)),)


def compare(path: str, model: RowModel, rows: pl.DataFrame, said: Prediction) -> Agreement:
    """The answers of a compiled path against those of the exact pipeline, row for row."""
    deviation, labels, error = 0.0, 0, None
    try:
        gaps, labels = _apart(model, rows, said)
    except Exception as failure:  # noqa: BLE001 whatever it is, a request would meet it as well
        error = f"{type(failure).__name__}: {failure}"
    else:
        deviation = float(gaps.max(initial=0.0))
    if not np.isfinite(deviation):
        deviation, error = 0.0, "one gives a number where the other gives none"
    return Agreement(
        path=path, rows=rows.height, deviation=deviation, bound=BOUND, labels=labels, error=error
    )


def _apart(model: RowModel, rows: pl.DataFrame, said: Prediction) -> tuple[np.ndarray, int]:
    """How far each number is from the exact one, and how many labels are others."""
    asked = rows.select(model.columns).rows()
    if said.probabilities is None:
        exact = said.values.to_numpy()
        return _gaps(np.array([model.value(row) for row in asked]), exact, np.abs(exact)), 0
    answers = [model.label(row) for row in asked]
    labels = sum(a != b for (a, _), b in zip(answers, said.values.to_list(), strict=True))
    found = np.array([chances for _, chances in answers]).reshape(said.probabilities.shape)
    return _gaps(found, said.probabilities, np.ones(1)), labels


def _gaps(found: np.ndarray, exact: np.ndarray, size: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):  # where either is infinite, or nearly
        gaps = np.abs(found - exact) / np.maximum(size, 1.0)
    same = (found == exact) | (np.isnan(found) & np.isnan(exact))
    return np.where(same, 0.0, np.where(np.isnan(gaps), np.inf, gaps))


def _spread(rows: int, most: int) -> NDArray[np.bool_]:
    """Which rows are compared: at most so many, evenly from the first to the last."""
    keep = np.zeros(rows, dtype=np.bool_)
    keep[np.linspace(0, rows - 1, min(rows, most)).astype(np.intp)] = True
    return keep
