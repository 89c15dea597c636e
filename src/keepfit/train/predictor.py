"""The one path from raw rows to a prediction: for judging, in batches and over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from keepfit.config.schema.rows import Data
from keepfit.config.schema.series import Series
from keepfit.data.columns import texts
from keepfit.data.columns.features import Transform, derive, serving_rules, transform
from keepfit.data.marks import marks, unanswered, unmarked
from keepfit.errors import RowsRefused
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
    series: Series | None = None  # of a model that forecasts
    version: str = ""  # "": a candidate that is not published yet

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """What the model says of raw rows, one answer a row, in their order.

        RowsRefused with the rows whose texts it refuses; those that say too little are answered
        with null, and with probabilities that are none.
        """
        return self.on_prepared(self.prepared(rows))

    def predict_every(self, rows: pl.DataFrame) -> Prediction:
        """The same, and what it would say of texts that it does not answer: none is an excuse when
        it is judged."""
        prepared = self.prepared(rows)
        said = self.fitted.predict(prepared.select(self.features))
        unread = unanswered(prepared)
        return said if unread is None else said.answering(~unread)

    @property
    def reads(self) -> tuple[str, ...]:
        """The features, and what a forecast is told of steps beside them when it observes."""
        return (*self.features, *(self.series.dynamic if self.series else ()))

    def observed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Raw rows as a model that forecasts observes them, but for the target."""
        return self._prepared(rows, self.reads).select(self.reads)

    def prepared(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Raw rows as the model reads them, in their order."""
        return self._prepared(rows, self.features)

    def _prepared(self, rows: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
        # each run of the streaming engine leaves some bytes behind that nobody can free
        derived = derive(rows.lazy(), serving_rules(self.data, names, self.target))
        if not self.data.text:
            return transform(derived, self.transform, engine="in-memory")
        read = texts.cleaned(transform(derived, None, engine="in-memory"), self.data.text)
        given = unmarked(read).lazy()
        return transform(given, self.transform, engine="in-memory").with_columns(marks(read))

    def on_prepared(self, rows: pl.DataFrame) -> Prediction:
        """The same for rows that are prepared already, as here or in a split."""
        if not marks(rows):
            return self.fitted.predict(rows.select(self.features))
        if refusals := texts.refused(rows, self.data.text):
            raise RowsRefused(refusals, hint="leave these rows out, or loosen data.text")
        said = self.fitted.predict(rows.select(self.features))
        silent = texts.silent(rows, self.data.text)
        return said if silent is None else said.without(silent)

    def lazy(self, rows: pl.LazyFrame) -> pl.LazyFrame | None:
        """Raw rows with a column `prediction`, equal to the values of `predict`.

        None where the model has no expression, and for texts and a transform, which need whole
        rows.
        """
        expression = self.fitted.expression()
        if expression is None or self.transform is not None or self.data.text:
            return None
        return self._derived(rows).with_columns(expression.alias("prediction"))

    def _derived(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return derive(rows, serving_rules(self.data, self.features, self.target))
