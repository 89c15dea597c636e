"""A model and a project: name, type, default and meaning of every key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from keepfit.config.schema.gate import Benchmark, Gate, Metric
from keepfit.config.schema.per import Per
from keepfit.config.schema.release import Keep, Promote, Schedule
from keepfit.config.schema.rows import Checks, Data, Encode, Split
from keepfit.config.schema.series import Series, naming
from keepfit.config.schema.serving import Answering, Serve
from keepfit.config.schema.table import Table
from keepfit.config.schema.tune import Tune
from keepfit.durations import Duration


def _entry(table: Any, key: str) -> Any:
    return table.get(key) if isinstance(table, dict) else None


class Card(Table):
    """The model card that `keepfit report` shows: what only people know of a model."""

    intended_use: str = ""
    """what it is made for, and who uses it"""
    out_of_scope: str = ""
    """what it must not be used for"""
    limits: str = ""
    """where it is known to be wrong"""
    ethics: str = ""
    """whom its mistakes hurt, and what is done about it"""
    licence: str = ""
    """of the model and of the rows it learned from"""
    contact: str = ""
    """where questions go"""
    references: tuple[str, ...] = ()
    """papers, tickets, pages to read further"""


class ModelSpec(Table):
    """A model: what it is, what it learns from, how it is judged and released."""

    name: str = ""
    """from the table's name"""
    kind: str
    """the algorithm family"""
    target: str
    """the column to predict"""
    features: tuple[str, ...] = Field(min_length=1)
    """the columns to predict from, after `derive` and `transform`"""
    owner: str = ""
    """who answers for it"""
    description: str = ""
    """what it is for"""
    threads: Annotated[int, Field(ge=1)] = 1
    """of training; more than one may cost bit-for-bit rebuilds"""
    per: str | Per | None = None
    """a column: a small model for each of its values, as one model with one verdict"""
    train: Literal["window", "all", "update"] = "window"
    """from scratch on data.window, or on all rows; or on from the champion, on new rows"""
    data: Data
    checks: Checks = Checks()
    split: Split = Split()
    encode: Encode = Encode()
    series: Series | None = None
    """for kinds that forecast: which rows are a series, and how far ahead is asked"""
    params: dict[str, Any] = {}
    """what the kind takes"""
    tune: Tune = Tune()
    gate: Gate = Gate()
    benchmark: dict[str, Benchmark] = {}
    """files of cases with expected answers, by name"""
    metric: dict[str, Metric] = {}
    """metrics of your own, by name"""
    promote: Promote = Promote()
    schedule: Schedule = Schedule()
    keep: Keep = Keep()
    serve: Answering = Answering()
    card: Card = Card()

    @model_validator(mode="before")
    @classmethod
    def _what_a_forecast_reads(cls, table: Any) -> Any:
        """Without `features`, and without `data.key`, they name a series and its time."""
        series, data = (_entry(table, key) for key in ("series", "data"))
        if not (isinstance(series, dict) and isinstance(data, dict)):
            return table
        named, static, time = series.get("id", ()), series.get("static", ()), data.get("time")
        if time is None:
            raise ValueError("has `series`; expected data.time, which says when a step is")
        if not isinstance(time, str):
            return table
        # What is no list is named by its own check, and not once more as features that lack.
        named, static = (one if isinstance(one, list | tuple) else () for one in (named, static))
        step = (*naming(named, static), time)
        return {"features": step, **table, "data": {"key": step, **data}}

    @model_validator(mode="after")
    def _holdout_of_series(self) -> Self:
        """Of series the last steps judge; a validator may change what it was made of."""
        if self.series is None:
            return self
        if self.per is not None:
            raise ValueError(
                "has `series` and `per`; expected no `per`: each series is learned alone"
            )
        lacks = [n for n in (*self.series.id, self.data.time or "") if n not in self.features]
        if lacks:
            raise ValueError(f"has `series`; expected `{lacks[0]}` among its features")
        asked = {*self.features, self.target}
        if doubled := [n for n in self.series.dynamic if n in asked]:
            raise ValueError(
                f"has `{doubled[0]}` in series.dynamic; expected none of the features, which a row "
                "that is asked for tells, and not the target"
            )
        holdout, given = self.series.holdout, self.split.model_fields_set
        if "by" in given and self.split.by not in (None, "time"):
            raise ValueError(f'has `series` and split.by = "{self.split.by}"; expected no `by`')
        if "holdout" in given and str(self.split.holdout) != str(holdout):
            raise ValueError(
                f"has `series`, whose holdout is cutoffs x horizon x frequency = {holdout}; "
                f"expected no split.holdout, and it is {self.split.holdout}"
            )
        if "validation" in given and self.split.validation is not None:
            raise ValueError("has `series` and split.validation; expected none: steps are in order")
        split = self.split.model_copy(update={"holdout": holdout})
        object.__setattr__(self, "split", split)
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """The features, and what of future steps is known beside them."""
        return (*self.features, *(self.series.dynamic if self.series else ()))

    @property
    def fleet(self) -> Per | None:
        """Which values have a model of their own, or None."""
        return Per(column=self.per) if isinstance(self.per, str) else self.per

    @property
    def window(self) -> Duration | None:
        """How far back training looks; None: to the oldest row."""
        return None if self.train == "all" else self.data.window

    @property
    def own_class(self) -> str | None:
        """The project's class that is its kind, as module:Class; None for a kind by name."""
        return self.params.get("class") if self.kind == "python" else None

    @property
    def embeddings(self) -> str | None:
        """The folder of the sentence model that its kind reads, or None."""
        return self.params.get("embeddings") if self.kind == "text-classifier" else None

    @property
    def functions(self) -> tuple[str, ...]:
        """Everything of the project's Python that it names, as module:name."""
        own = [metric.function for metric in self.metric.values()]
        return tuple(filter(None, [*own, self.data.transform, self.own_class]))


class ProjectTable(Table):
    """The project as a whole."""

    name: str
    """of the project"""
    store: str = "store"
    """the registry: a folder beside the file"""
    stages: tuple[str, ...] = Field(default=("development", "staging", "production"), min_length=1)
    """in the order in which a version passes them; the last is the one that is judged against"""
    require: Literal["any", "clean"] = "any"
    """clean: refuse to train from a work tree with uncommitted changes"""
    signers: str | None = None
    """a file of allowed signers (ssh-keygen(1)): approvals are signed, and readers check it"""
    serve: Serve = Serve()
