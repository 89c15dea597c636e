"""A compiled path held against the exact pipeline: may a server take it instead?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.data.columns.features import serving_rules
from keepfit.data.types.cells import reader_of
from keepfit.errors import Corrupt
from keepfit.kinds import batch_of, convert, rows_of
from keepfit.kinds.base import Prediction
from keepfit.kinds.fleet import FleetModel
from keepfit.kinds.onnx.graph import NotConverted
from keepfit.kinds.rows import BatchModel, EachRow
from keepfit.records.evidence import Agreement
from keepfit.train.predictor import Predictor

ONNX = "model.onnx"

# Every path reckons in float64 and may only add in another order, which moves the last of 16
# digits. One that rounds to float32 on its way is some 1e-7 apart, and flips thresholds.
BOUND = 1e-9

# Every row goes through the same additions, so that a wrong weight or order shows in the first;
# more are for levels and gaps that are rare. These cost about 2 ms of every training.
_ROWS = 500
_CELLS = 25_000  # fewer rows, down to 50, where each is a lot of them
_LEAVES = 2_000  # rows for trees, of which a row sees one leaf each


@dataclass(frozen=True, slots=True)
class Faster:
    """What faster ways to a model's answers are worth, and the files of those that agreed."""

    agreements: tuple[Agreement, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)  # by name


def faster(kind: str, predictor: Predictor, rows: pl.DataFrame, said: Prediction) -> Faster:
    """The compiled paths of a model that was just trained, held against what it said of raw rows.

    Where it is written as ONNX, the file is among `files` if it may be taken.
    """
    if not _reads_cells(predictor):
        return Faster()
    try:
        onnx = convert(kind, predictor.fitted)
    except NotConverted as why:
        return Faster((_nothing("onnx", str(why)),))
    files = {} if onnx is None else {ONNX: onnx}
    found = agreements(kind, predictor, rows, said, files)
    taken = any(one.path == "onnx" and one.agreed for one in found)
    return Faster(found, files if taken else {})


def agreements(
    kind: str,
    predictor: Predictor,
    rows: pl.DataFrame,
    said: Prediction,
    compiled: Mapping[str, bytes] | None = None,
) -> tuple[Agreement, ...]:
    """How far the compiled paths of a model are from what it said of raw rows; empty without any.

    A path reads single cells: there is none where `derive`, `text` or `transform` needs a frame of
    them, or where a column has a type that only polars reads. `compiled` are its files beside the
    model.
    """
    if not _reads_cells(predictor):
        return ()
    files = predictor.fitted.save()
    found = []
    if model := rows_of(kind, files):
        cells = len(model.columns) * max(1, len(model.classes))
        most = max(50, min(_ROWS, _CELLS // cells))
        found.append(_on_some("rows", EachRow(model), rows, said, most))
    if compiled and ONNX in compiled:
        try:
            if batch := batch_of(kind, files, compiled[ONNX]):
                found.append(_on_some("onnx", batch, rows, said, _LEAVES))
        except Corrupt as why:
            found.append(_nothing("onnx", str(why)))
    return tuple(found)


def compare(path: str, model: BatchModel, rows: pl.DataFrame, said: Prediction) -> Agreement:
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


def _reads_cells(predictor: Predictor) -> bool:
    """Whether single cells of a row are all that the model needs."""
    if isinstance(predictor.fitted, FleetModel):
        return False
    data = predictor.data
    if (
        predictor.transform
        or data.text
        or serving_rules(data, predictor.features, predictor.target)
    ):
        return False
    types = {column.name: column.dtype for column in predictor.schema}
    return all(name in types and reader_of(types[name]) for name in predictor.features)


def _nothing(path: str, why: str) -> Agreement:
    return Agreement(path=path, rows=0, deviation=0.0, bound=BOUND, error=why)


def _on_some(
    path: str, model: BatchModel, rows: pl.DataFrame, said: Prediction, most: int
) -> Agreement:
    some = _spread(rows.height, most)
    read = rows.select(model.columns).filter(pl.Series(some))
    return compare(path, model, read, said.only(some))


def _apart(model: BatchModel, rows: pl.DataFrame, said: Prediction) -> tuple[np.ndarray, int]:
    """How far each number is from the exact one, and how many labels are others."""
    values, chances = model.answer(rows.select(model.columns).rows())
    if said.probabilities is None:
        exact = said.values.to_numpy()
        return _gaps(np.array(values), exact, np.abs(exact)), 0
    labels = sum(a != b for a, b in zip(values, said.values.to_list(), strict=True))
    found = np.array(chances).reshape(said.probabilities.shape)
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
