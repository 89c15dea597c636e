"""The one protocol that every kind keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from keepfit.config.meaning import explained
from keepfit.records.base import Label

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from keepfit.config.schema.rows import Encode
    from keepfit.config.schema.series import Series


class Params(BaseModel):
    """What a kind takes from `[model.NAME.params]`; unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return explained(cls, core, handler)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a model learns from: rows whose target is known, and how to read them."""

    features: tuple[str, ...]
    target: str
    # the features, the columns of `series.dynamic` and the target, which is never null
    train: pl.DataFrame
    validation: pl.DataFrame  # the same columns, for early stopping; may have no rows
    encode: Encode
    workplace: Path | None = None  # a folder for what a training that is ended goes on from
    series: Series | None = None  # for kinds that forecast, with `time` among the features
    time: str | None = None  # the column that says when a row happened


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of some rows, in their order."""

    # Float64 numbers, or labels in the target's own type; null where nothing is said of a row
    values: pl.Series
    probabilities: np.ndarray | None = None  # (rows, classes), each row sums to 1, or is NaN
    classes: tuple[Label, ...] = ()  # of a classifier, in the order of its probabilities
    quantiles: np.ndarray | None = None  # (rows, levels), of numbers that may come true
    levels: tuple[float, ...] = ()  # what share of the truths each is above, rising
    # a truth value a row, where it was asked although it may refuse: would it have answered?
    answered: np.ndarray | None = None

    def only(self, keep: np.ndarray) -> Prediction:
        """The answers where `keep` (one truth value a row) is true, in their order."""
        import polars as pl

        chances = None if self.probabilities is None else self.probabilities[keep]
        spread = None if self.quantiles is None else self.quantiles[keep]
        values = self.values.filter(pl.Series(keep))
        answered = None if self.answered is None else self.answered[keep]
        return Prediction(values, chances, self.classes, spread, self.levels, answered)

    def answering(self, answered: np.ndarray) -> Prediction:
        """The same, knowing which of the rows it would have answered unless it had to."""
        return replace(self, answered=answered)

    def without(self, silent: pl.Series) -> Prediction:
        """The same, but nothing of the rows where `silent` is true."""
        import numpy as np
        import polars as pl

        none = pl.lit(None, self.values.dtype)
        values = self.values.to_frame("said").select(pl.when(silent).then(none).otherwise("said"))
        chances = self.probabilities
        if chances is not None:
            chances = np.where(silent.to_numpy()[:, None], np.nan, chances)
        return Prediction(values.to_series().alias(self.values.name), chances, self.classes)


class Fitted(Protocol):
    """A model that has learned.

    One whose files hold more than that (a time, an id) may have `parameters()` as well: what it has
    learned as plain data, by which a rebuild tells equal from different. One that can tell how far
    each feature moves its answers may have `shap(rows)`: mean absolute SHAP values by feature.
    One of which a person should know something before it is released may have `findings()`: the
    verdict tells them. One whose training went on where an earlier one was ended may have
    `resumed`: where, in words. One that forecasts keeps `Observing`.
    """

    # the labels it knows, sorted; empty for a regression
    @property
    def classes(self) -> tuple[Label, ...]: ...

    # one answer a row, in order, the same for a row alone as among many
    def predict(self, rows: pl.DataFrame) -> Prediction: ...

    # the same answer as a polars expression named "prediction", or None where there is none
    def expression(self) -> pl.Expr | None: ...

    # file name -> canonical bytes, data-only formats; what it saved, `load` reads
    def save(self) -> dict[str, bytes]: ...

    # what `keepfit show` tells of it: encoding, fills, scales, coefficients
    def describe(self) -> dict[str, Any]: ...


class Observing(Fitted, Protocol):
    """A model of series, whose answers hang on what was observed last."""

    # the same model, nothing learned anew, at the end of what it kept and of `rows`, which hold the
    # target; no target that is not earlier than `before` (naive UTC) may leave a trace in its
    # answers. Rows whose target is null tell of steps to come: the columns of `series.dynamic`
    def observe(self, rows: pl.DataFrame, before: datetime | None = None) -> Observing: ...

    # what it observed, as rows with the target
    def kept(self) -> pl.DataFrame: ...

    # the first rows that it can be asked about, so many at most
    def next_rows(self, most: int) -> pl.DataFrame: ...


class Kind(Protocol):
    """An algorithm family that a model names."""

    # what it takes from the file
    @property
    def params(self) -> type[Params]: ...

    # regression, classification, or either (by the estimator)
    def task(self, params: Params) -> str: ...

    # the same lesson, params and seed give a model that saves the same bytes
    def fit(self, lesson: Lesson, params: Params, *, seed: int, threads: int) -> Fitted: ...

    # from the bytes that `save` made, running no code from them
    def load(self, files: Mapping[str, bytes]) -> Fitted: ...


class Updating(Kind, Protocol):
    """A kind that can go on from a model, on rows that the model has not learned from."""

    # why it cannot with these params, in words; None: it can
    def no_update(self, params: Params) -> str | None: ...

    # what `fit` of a kind does, beginning where `warm` ends; None: from scratch
    def fit(
        self, lesson: Lesson, params: Params, *, seed: int, threads: int, warm: Fitted | None = None
    ) -> Fitted: ...


class Chunked(Kind, Protocol):
    """A kind that goes over the rows some at a time, several times if it likes."""

    # whether it can with these params, where columns become numbers so
    def learns_in_chunks(self, params: Params, encode: Encode) -> bool: ...

    # what `fit` makes of the training rows that `rows` gives from the first on, each time anew, in
    # frames of any size; the lesson's own are none
    def fit_in_chunks(
        self,
        lesson: Lesson,
        rows: Callable[[], Iterator[pl.DataFrame]],
        params: Params,
        *,
        seed: int,
        threads: int,
    ) -> Fitted: ...


class Together(Kind, Protocol):
    """A kind of which a fleet's many small models are learned faster at once than one by one."""

    # the model of each of many lessons, whose training rows lie below each other in one, so many of
    # each; None for one that must be learned by itself
    def fit_each(
        self, lesson: Lesson, counts: Sequence[int], params: Params
    ) -> Sequence[Fitted | None]: ...


class Gathers(Protocol):
    """Rows on their way to what is learned of them."""

    # take in more rows, the features and the target; they are not kept
    def add(self, rows: pl.DataFrame) -> None: ...

    # what they come to, in few bytes; kept, it stands for a file's rows when that is not read again
    def packed(self) -> bytes: ...


class Piecewise(Kind, Protocol):
    """A kind that needs to see each row only once, and keeps little of it."""

    # whether it can where columns become numbers so
    def learns_in_pieces(self, encode: Encode) -> bool: ...

    # where the rows of a file go
    def gathering(self, features: Sequence[str], target: str, encode: Encode) -> Gathers: ...

    # the model that the rows of all files teach, of each what they came to, in order: but for last
    # digits what `fit` makes of them
    def learn(self, gathered: Sequence[bytes], encode: Encode, params: Params) -> Fitted: ...
