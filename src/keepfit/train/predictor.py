"""The one path from raw rows to a prediction: for judging, in batches and over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from keepfit.config.schema.rows import Data
from keepfit.data.features import Transform, derive, serving_rules, transform
from keepfit.kinds.base import Fitted, Prediction
from keepfit.records.rows import Column


@dataclass(frozen=True, slots=True)
class Predictor:
    """A fitted model with what happens to raw rows before it sees them."""

    schema: tuple[Column, ...]  # the raw columns it wants; `data.conform` casts to them
    data: Data  # its `derive` expressions
    transform: Transform | None  # the project's own function
    features: tuple[str, ...]  # what the model reads, after both
    fitted: Fitted
    target: str = ""  # what it predicts; a `derive` rule that makes it is left out
    version: str = ""  # "": a candidate that is not published yet

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """What the model says of raw rows, one answer a row, in their order."""
        return self.on_prepared(self.prepared(rows))

    def prepared(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Raw rows as the model reads them, in their order."""
        # each run of the streaming engine leaves some bytes behind that nobody can free
        return transform(self._derived(rows.lazy()), self.transform, engine="in-memory")

    def on_prepared(self, rows: pl.DataFrame) -> Prediction:
        """The same for rows that went through `derive` and `transform` already, as in a split."""
        return self.fitted.predict(rows.select(self.features))

    def lazy(self, rows: pl.LazyFrame) -> pl.LazyFrame | None:
        """Raw rows with a column `prediction`, equal to the values of `predict`.

        None where the model has no expression, and for a transform, which needs whole rows.
        """
        expression = self.fitted.expression()
        if expression is None or self.transform is not None:
            return None
        return self._derived(rows).with_columns(expression.alias("prediction"))

    def _derived(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return derive(rows, serving_rules(self.data, self.features, self.target))
