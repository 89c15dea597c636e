"""What a challenger must show."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from keepfit.config.schema.table import Table
from keepfit.config.values import FunctionPath, Span
from keepfit.records.base import Severity

CHAMPION, BASELINE = "champion", "baseline"  # what a rule may be held against, beside versions
# of the rows that are answered, and how many these are: see evaluate.names
SELECTIVE, COVERAGE = "selective_accuracy", "coverage"
_PINNED = re.compile(r"\d+\.\d+\.\d+(-[0-9a-f]{7,40}|-x[0-9a-f]{6})?")


class Rule(Table):
    """One bound on a metric: absolute, or against the champion, the baseline or a version."""

    metric: str
    """its name"""
    min: float | None = None
    """not below"""
    max: float | None = None
    """not above"""
    max_drop: Annotated[float, Field(ge=0)] | None = None
    """not worse than what it is held against by more, in the metric's own unit"""
    min_gain: Annotated[float, Field(ge=0)] | None = None
    """better than what it is held against by at least this, in the metric's own unit"""
    against: str = CHAMPION
    """what max_drop and min_gain are held against: champion, baseline, or a version as 1.4.2"""
    severity: Severity = "fail"
    """what it is when broken: fail, warn (a person decides) or note"""

    @property
    def version(self) -> str | None:
        """The version that the rule is held against, if it names one."""
        return None if self.against in (CHAMPION, BASELINE) else self.against

    @field_validator("against")
    @classmethod
    def _names_something(cls, against: str) -> str:
        if against not in (CHAMPION, BASELINE) and not _PINNED.fullmatch(against):
            raise ValueError(
                f"is '{against}'; expected 'champion', 'baseline', or a version such as '1.4.2'"
            )
        return against

    @model_validator(mode="after")
    def _binds_something(self) -> Self:
        relative = self.max_drop is not None or self.min_gain is not None
        if not relative and self.min is None and self.max is None:
            raise ValueError("binds nothing; expected min, max, max_drop or min_gain")
        if not relative and self.against != CHAMPION:
            raise ValueError("has `against`; expected max_drop or min_gain beside it")
        return self


class Seasonal(Table):
    """A naive predictor that knows what was a season ago."""

    seasonal: Span
    """how long a season is"""
    by: tuple[str, ...] = ()
    """columns: what was there is looked for among the rows that are alike in them"""


class Gate(Table):
    """What a challenger must show."""

    metric: str | None = None
    """what champion and challenger are compared on; else mae, or log_loss for classes"""
    metrics: tuple[str, ...] = ()
    """further metrics to report; the usual ones of the task always are"""
    max_overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """the largest share of the holdout that may be left out because a side had learned from it"""
    too_good: Annotated[float, Field(ge=0, lt=1)] = 1e-6
    """a loss below this share of the naive baseline's is taken for a leak; 0 believes any"""
    min_gain: Annotated[float, Field(ge=0)] = 0.0
    """how much better at least, in the metric's own unit"""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """of the verdict: the intervals that it hangs on hold together"""
    cluster: tuple[str, ...] = ()
    """columns; rows that are alike in them are not independent"""
    slices: tuple[str, ...] = ()
    """columns, of which no value may get significantly worse, and SQL conditions"""
    severity: dict[str, Severity] = {}
    """what it is when a slice gets worse: fail (the default), warn or note"""
    baseline: Literal["constant"] | Seasonal = "constant"
    """the naive predictor: constant (mean or class shares), or { seasonal = "7 days" }"""
    rules: tuple[Rule, ...] = ()
    """bounds on metrics"""

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that rules name, each once."""
        return tuple(dict.fromkeys(rule.version for rule in self.rules if rule.version))

    @model_validator(mode="after")
    def _severity_of_slices(self) -> Self:
        for name in self.severity:
            if name not in self.slices:
                raise ValueError(f"has a severity of `{name}`, which is none of its slices")
        return self

    @model_validator(mode="after")
    def _refusing_wins_nothing(self) -> Self:
        # a drop alone is no bound: a first version has no champion, and drops add up
        bound = [r.metric for r in self.rules if r.severity == "fail" and r.min is not None]
        decisive = [self.metric, *(rule.metric for rule in self.rules)]
        if SELECTIVE in decisive and COVERAGE not in bound:
            raise ValueError(
                f"hangs on {SELECTIVE}, which a model raises by answering less; expected a least "
                f'{COVERAGE} beside it, such as {{ metric = "{COVERAGE}", min = 0.9 }}'
            )
        return self


class Metric(Table):
    """A metric of your own."""

    function: FunctionPath
    """module:function of (truth, prediction) or (truth, prediction, rows); gives a number"""
    better: Literal["higher", "lower"]
    """which way is better"""


# how the names of metrics begin by which a single case is right or wrong
RIGHT_OR_WRONG = ("accuracy", "prefix-", "top-", "within-", "share-within-")


class Benchmark(Table):
    """A file of cases with the answers that are expected, judged beside the holdout."""

    file: str
    """CSV, JSON lines or Parquet: the columns that the model reads, and the expected answer"""
    answer: str | None = None
    """the column of the expected answer; else the target's name"""
    case: str | None = None
    """the column that names a case; else its row does"""
    ambiguous: str | None = None
    """the column that is true for cases that nobody can tell; they are left out and counted"""
    metric: str | None = None
    """accuracy, prefix-4, top-3, within-10, mae, …; else accuracy, or mae for numbers"""
    min: float | None = None
    """not below"""
    max: float | None = None
    """not above"""
    max_lost: Annotated[int, Field(ge=0)] | None = None
    """how many cases at most the champion gets right and the challenger wrong"""
    severity: Severity = "fail"
    """what it is when a bound is broken: fail, warn (a person decides) or note"""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """of the file: any other fails; else one that changed since the champion was judged does"""

    @model_validator(mode="after")
    def _cases_are_right_or_wrong(self) -> Self:
        if self.max_lost is not None and self.metric and not self.metric.startswith(RIGHT_OR_WRONG):
            raise ValueError(
                f"has max_lost with {self.metric}, by which no case is right or wrong; expected"
                " accuracy, prefix-N, top-N, within-N or share-within-N"
            )
        if self.metric == SELECTIVE:
            raise ValueError(
                f"has {SELECTIVE}, which a model raises by answering less; expected accuracy, for "
                "which every case is asked, or coverage"
            )
        return self
