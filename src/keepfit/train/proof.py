"""What a rebuild is held against, written down when a model is made: a few kilobytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import numpy as np
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.prepare import Prepared
from keepfit.data.types.conform import conform
from keepfit.errors import KeepfitError
from keepfit.kinds.base import Fitted, Observing, Prediction
from keepfit.records.training import Proof
from keepfit.train.learned import Learned, Seen
from keepfit.train.predictor import Predictor
from keepfit.train.semantic import parameters

ROWS = 20  # examples, of which tables of very many columns keep fewer
_CELLS = 2000

# Of a training that nobody keeps.
NOTHING = Proof(rows="", columns={}, parameters="", examples=(), predictions=())


def proof_of(
    prepared: Prepared,
    spec: ModelSpec,
    fitted: Fitted,
    files: dict[str, bytes],
    transform: Callable[..., Any] | None,
) -> Proof:
    """Digests of the rows that were learned from and of what was learned, and some predictions."""
    learned = Learned()
    learned.add(prepared.split.train.select(*spec.reads, spec.target))
    if spec.series is None:
        told = examples_of(prepared, spread_over(_shown(prepared), prepared))
    else:
        told = _next(prepared, fitted)
    return proof_with(learned.seen(), told, prepared, spec, fitted, files, transform)


def proof_with(  # noqa: PLR0913 what is proved, and how it predicts
    learned: Seen,
    examples: pl.DataFrame,
    prepared: Prepared,
    spec: ModelSpec,
    fitted: Fitted,
    files: dict[str, bytes],
    transform: Callable[..., Any] | None,
) -> Proof:
    """The same, of rows that have been taken in; the examples are as they came in."""
    predictor = Predictor(
        schema=prepared.schema,
        data=spec.data,
        transform=transform,
        features=spec.features,
        fitted=fitted,
        target=spec.target,
        series=spec.series,
    )
    return Proof(
        rows=learned.rows,
        columns=learned.columns,
        parameters=parameters(fitted, files),
        examples=tuple(msgspec.to_builtins(examples.to_dicts(), enc_hook=repr)),
        predictions=_predicted(predictor, examples),
    )


def _predicted(predictor: Predictor, examples: pl.DataFrame) -> tuple[Any, ...]:
    try:
        return said(predictor.predict_every(examples)) if examples.height else ()
    except KeepfitError:
        return ()  # a transform that wants more rows than these; judging tells of it where it harms


def said(prediction: Prediction) -> tuple[Any, ...]:
    """A prediction a row as plain data: the value, or [label, chances]."""
    values = prediction.values.to_list()
    if prediction.quantiles is not None:
        values = [[v, *q] for v, q in zip(values, prediction.quantiles.tolist(), strict=True)]
    if prediction.probabilities is None:
        return tuple(msgspec.to_builtins(values, enc_hook=repr))
    chances = np.asarray(prediction.probabilities, dtype=np.float64).tolist()
    return tuple([value, row] for value, row in zip(values, chances, strict=True))


def _shown(prepared: Prepared) -> pl.DataFrame:
    """The holdout, else the training rows."""
    split = prepared.split
    return split.train if split.holdout.is_empty() else split.holdout


def spread_over(rows: pl.DataFrame, prepared: Prepared) -> pl.DataFrame:
    """Some of the rows, evenly spread."""
    return rows[examples_among(rows.height, prepared)]


def examples_among(rows: int, prepared: Prepared) -> slice:
    """Which of so many rows are examples."""
    count = max(1, min(ROWS, _CELLS // max(1, len(prepared.schema))))
    step = max(1, rows // count)
    return slice(0, step * count, step)


def _next(prepared: Prepared, fitted: Fitted) -> pl.DataFrame:
    """What a forecast can be asked about next, as it would come in; none where it is derived."""
    rows = cast(Observing, fitted).next_rows(ROWS)
    if set(rows.columns) != {column.name for column in prepared.schema}:
        return pl.DataFrame()
    return conform(rows, prepared.schema).select(c.name for c in prepared.schema).collect()


def examples_of(prepared: Prepared, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they came in, and as a prediction wants them."""
    return prepared.raw(rows).select([column.name for column in prepared.schema])
