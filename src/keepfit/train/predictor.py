"""The one path from raw rows to a prediction: for judging, in batches and over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from keepfit.config.schema import Data
from keepfit.data import features as raw
from keepfit.kinds.base import Fitted, Prediction
from keepfit.records import Column


@dataclass(frozen=True, slots=True)
class Predictor:
    """A fitted model with what happens to raw rows before it sees them."""

    schema: tuple[Column, ...]  # the raw columns it wants; `data.features.conform` casts to them
    data: Data  # its `derive` expressions
    transform: Callable[[pl.LazyFrame], pl.LazyFrame] | None  # the project's own function
    features: tuple[str, ...]  # what the model reads, after both
    fitted: Fitted
    version: str = ""  # "": a candidate that is not published yet

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """What the model says of raw rows, one answer a row, in their order."""
        return self.on_prepared(self._prepared(rows.lazy()).collect())

    def on_prepared(self, rows: pl.DataFrame) -> Prediction:
        """The same for rows that went through `derive` and `transform` already, as in a split."""
        return self.fitted.predict(rows.select(self.features))

    def lazy(self, rows: pl.LazyFrame) -> pl.LazyFrame | None:
        """Raw rows with a column `prediction`, equal to `predict`'s values; None where the model
        has no expression for it."""
        expression = self.fitted.expression()
        if expression is None:
            return None
        return self._prepared(rows).with_columns(expression.alias("prediction"))

    def _prepared(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        derived = raw.derive(rows, self.data.derive)
        return raw.transform(derived, self.transform) if self.transform else derived
