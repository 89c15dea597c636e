"""What a rebuild is held against, written down when a model is made: a few kilobytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import numpy as np
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.conform import conform
from keepfit.data.keys import Keys, mix, row_keys
from keepfit.data.prepare import Prepared
from keepfit.digest import Digest, sha256
from keepfit.errors import KeepfitError
from keepfit.kinds.base import Fitted, Observing, Prediction
from keepfit.records.training import Proof
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
    train = prepared.split.train.select(*spec.features, spec.target)
    hashed = {name: row_keys(train.select(name)) for name in train.columns}
    examples = _examples(prepared) if spec.series is None else _next(prepared, fitted)
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
        rows=_in_any_order(list(hashed.values()), train.height),
        columns={name: _in_order(train[name], keys) for name, keys in hashed.items()},
        parameters=parameters(fitted, files),
        examples=tuple(msgspec.to_builtins(examples.to_dicts(), enc_hook=repr)),
        predictions=_predicted(predictor, examples),
    )


def _predicted(predictor: Predictor, examples: pl.DataFrame) -> tuple[Any, ...]:
    try:
        return said(predictor.predict(examples)) if examples.height else ()
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


def _examples(prepared: Prepared) -> pl.DataFrame:
    """Rows of the holdout, else of training, evenly spread, as they came in."""
    split = prepared.split
    rows = split.train if split.holdout.is_empty() else split.holdout
    count = max(1, min(ROWS, _CELLS // max(1, len(prepared.schema))))
    spread = rows.gather_every(max(1, rows.height // count)).head(count)
    return prepared.raw(spread).select([column.name for column in prepared.schema])


def _next(prepared: Prepared, fitted: Fitted) -> pl.DataFrame:
    """What a forecast can be asked about next, as it would come in; none where it is derived."""
    rows = cast(Observing, fitted).next_rows(ROWS)
    if set(rows.columns) != {column.name for column in prepared.schema}:
        return pl.DataFrame()
    return conform(rows, prepared.schema).select(c.name for c in prepared.schema).collect()


def _in_order(column: pl.Series, keys: Keys) -> Digest:
    return sha256(str(column.dtype).encode() + keys.tobytes())


def _in_any_order(columns: list[Keys], height: int) -> Digest:
    combined = np.zeros(height, dtype=np.uint64)
    for keys in columns:
        combined = mix(combined * np.uint64(3) + keys)
    sums = [combined.sum(dtype=np.uint64), np.bitwise_xor.reduce(combined, initial=np.uint64(0))]
    return sha256(np.array([height, *sums], dtype=np.uint64).tobytes())
