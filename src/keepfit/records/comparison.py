"""Champion and challenger held against each other on the same rows."""

from __future__ import annotations

from typing import Literal

from keepfit.digest import Digest
from keepfit.records.base import Record


class Side(Record, frozen=True, kw_only=True):
    """One side of a comparison."""

    digest: Digest  # of the model's files
    version: str | None = None  # None: a candidate that is not published yet


class MetricScore(Record, frozen=True, kw_only=True):
    """One metric of champion, challenger and baseline on the same rows; None: not computed."""

    metric: str
    better: Literal["higher", "lower"]
    challenger: float | None
    champion: float | None = None
    baseline: float | None = None  # of the naive predictor: training's mean or class shares
    error: str | None = None  # why it could not be computed


class Comparison(Record, frozen=True, kw_only=True):
    """How much better the challenger is (above zero: better), and how sure that is."""

    metric: str
    gain: float
    low: float  # the two-sided interval at `confidence`
    high: float
    confidence: float
    method: str  # "paired t on per-row losses", "paired bootstrap, 1000 draws"
    rows: int
    left_out: int = 0  # further rows, on which the metric measures neither side
    rows_needed: int | None = None  # about how many rows would settle it, where it is not settled
    unit: str | None = None  # what holds rows that hang together: cluster, day, hour; None: a row
    units: int | None = None  # how many of them there are

    @property
    def offered(self) -> int:
        """How many rows there were to compare on."""
        return self.rows + self.left_out


class SliceScore(Record, frozen=True, kw_only=True):
    """Champion and challenger on one slice of the holdout."""

    column: str
    value: str
    rows: int
    challenger: float | None
    champion: float | None = None
    comparison: Comparison | None = None
    note: str | None = None  # "too few rows to tell"
    error: str | None = None  # why it could not be measured although there are rows enough
    condition: bool = False  # whether `column` is a condition, and these the rows where it is true


class RuleScore(Record, frozen=True, kw_only=True):
    """The challenger's metric held against another side, as a rule of the gate asks."""

    metric: str
    better: Literal["higher", "lower"]
    against: str  # champion, baseline, or a version as the rule names it
    bound: float  # what the gain must reach; below zero where a drop is allowed
    rows: int  # how many both were scored on
    learned: int = 0  # rows left out because the version had learned from them
    side: Side | None = None  # the version
    challenger: float | None = None  # on these rows
    other: float | None = None
    comparison: Comparison | None = None
    error: str | None = None  # why it could not be measured


class Overlap(Record, frozen=True, kw_only=True):
    """Holdout rows that a side had learned from, and what was done about them."""

    challenger: int
    champion: int
    trimmed: int  # rows taken out of the comparison for it


class CaseChange(Record, frozen=True, kw_only=True):
    """A case of a benchmark on which one side is better than the other."""

    case: str  # its name; else its row
    expected: str
    challenger: str
    champion: str
    better: Literal["challenger", "champion"]


class BenchmarkScore(Record, frozen=True, kw_only=True):
    """Both sides on a benchmark: named cases with the answers that are expected."""

    name: str
    file: str
    digest: Digest | None  # of the file; None: see the error
    before: Digest | None = None  # of the file that the champion was judged on, if it was
    metric: str
    better: Literal["higher", "lower"]
    cases: int = 0  # that were judged
    ambiguous: int = 0  # left out: marked as such, or with several answers
    challenger: float | None = None
    champion: float | None = None
    gained: int | None = None  # cases on which the challenger is better; None: no champion, or the
    lost: int | None = None  # metric is of all cases together. And on which it is worse
    changes: tuple[CaseChange, ...] = ()  # the first 20 lost, then the first 20 gained
    error: str | None = None  # why it could not be measured
