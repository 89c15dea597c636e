"""The nouns, frozen: what one step hands to the next and what is written down of it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from keepfit.digest import Digest

Label = str | int | bool  # a class, as the target column spells it
Severity = Literal["fail", "warn", "note"]
Outcome = Literal["pass", "warn", "fail", "inconclusive"]
Bump = Literal["major", "minor", "patch"]


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A frozen record with one canonical spelling as JSON (`digest.canonical`)."""


# --- data ---------------------------------------------------------------------------------------


class Column(Record, frozen=True, kw_only=True):
    """A column by name and type."""

    name: str
    dtype: str  # as polars prints it: Float64, String, Datetime(time_unit='us', time_zone=None)


class Part(Record, frozen=True, kw_only=True):
    """One immutable file of rows, as it was read from a source."""

    source: str  # the source's name in the file; "rows" where there is one
    uri: str  # where it came from, without credentials; relative to the project if below it
    digest: Digest  # of the bytes
    size: int  # bytes
    format: str  # csv, jsonl, parquet
    compression: str = ""  # gz, zst, or nothing
    rows: int
    columns: tuple[Column, ...]
    time_from: str | None = None  # ISO time of the oldest row, where the source has the time column
    time_to: str | None = None  # and of the newest
    time: str | None = None  # the column those two are of
    types: dict[str, str] = {}  # what the file of models said of its columns when it was read


class Snapshot(Record, frozen=True, kw_only=True):
    """The exact rows a run saw: frozen, named by digest."""

    digest: Digest  # of all that follows but the counts
    parts: tuple[Part, ...]
    since: str | None = None  # rows older than this were left out (window); ISO time
    until: str | None = None  # rows of this moment or later were left out (as-of); ISO time
    rows: int  # after `since` and `until`; of the first source where a query joins several
    time_from: str | None = None
    time_to: str | None = None


class Removal(Record, frozen=True, kw_only=True):
    """What one clean rule took out of the training rows."""

    rule: str  # its name
    condition: str  # SQL; rows for which it is not true are removed
    rows: int
    examples: tuple[dict[str, str], ...] = ()  # up to three removed rows


class Finding(Record, frozen=True, kw_only=True):
    """What a check of the data found."""

    check: str  # schema, nulls, unique, ranges, freshness, rows
    severity: Severity
    message: str  # place, value, what was expected
    column: str | None = None
    rows: int = 0  # how many rows are bad


class SplitReport(Record, frozen=True, kw_only=True):
    """How the snapshot was cut, in counts and digests of row keys."""

    by: str  # time, random, group, column, file
    train: int
    validation: int
    holdout: int
    unlabelled: int  # rows with a null target, kept out of all three
    train_digest: Digest  # of the sorted row-key hashes
    holdout_digest: Digest
    cut: str | None = None  # ISO time at which the holdout begins, for a split by time
    holdout_from: str | None = None
    holdout_to: str | None = None
    shared: int = 0  # training rows left out because a holdout row has the same key


# --- training -----------------------------------------------------------------------------------


class Code(Record, frozen=True, kw_only=True):
    """The Python of the project that took part, so that it can be told apart and stored."""

    digest: Digest
    files: dict[str, Digest] = {}  # path in the project -> digest of its bytes
    commit: str | None = None  # of the project's git repository, if there is one
    clean: bool = False  # whether the work tree was that commit


class Environment(Record, frozen=True, kw_only=True):
    """What the process that trained looked like; what `rebuild` makes again."""

    python: str
    platform: str
    cpu: str
    blas: str
    threads: int
    variables: dict[str, str]  # the pinned environment variables
    lock: Literal["uv.lock", "distributions"]  # what `lock_digest` is of
    distributions: tuple[str, ...] = ()  # name==version of everything installed, sorted
    lock_digest: Digest


class Recipe(Record, frozen=True, kw_only=True):
    """The few kB that rebuild a version."""

    code: Code
    snapshot: Snapshot
    config_digest: Digest
    seed: int
    environment: Environment


class Candidate(Record, frozen=True, kw_only=True):
    """A fitted model that nobody has judged yet."""

    model: str
    kind: str
    files: dict[str, Digest]  # of its canonical bytes
    digest: Digest  # of `files`
    snapshot: Digest  # the rows it learned from
    split: SplitReport
    schema: tuple[Column, ...]  # the columns it wants to see, before derive and transform
    classes: tuple[Label, ...] = ()  # of a classifier, in the order of its probabilities
    seconds: float = 0.0  # that fitting took; never part of a digest


class Proof(Record, frozen=True, kw_only=True):
    """What a rebuild is held against where bytes differ: what was learned from, and what was."""

    rows: Digest  # of the prepared training rows, in whatever order
    columns: dict[str, Digest]  # of each of their columns, in the order of the rows
    parameters: Digest  # of what the model has learned, however its files spell it
    examples: tuple[dict[str, Any], ...]  # some rows as a prediction wants them
    predictions: tuple[Any, ...]  # what the model says of them: a value, or [label, chances]


# --- judgement ----------------------------------------------------------------------------------


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
    rows_needed: int | None = None  # about how many rows would settle it, where it is not settled
    unit: str | None = None  # what holds rows that hang together: cluster, day, hour; None: a row
    units: int | None = None  # how many of them there are


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


class DisagreementRow(Record, frozen=True, kw_only=True):
    """A holdout row on which champion and challenger differ."""

    key: dict[str, str] = {}
    features: dict[str, str] = {}
    truth: str
    challenger: str
    champion: str
    distance: float


class DisagreementSlice(Record, frozen=True, kw_only=True):
    """How far the sides are apart on one slice."""

    slice: str  # a column or a condition of the gate's slices
    value: str
    rows: int
    differing: int  # rows on which they are apart at all
    mean: float  # distance


class Disagreements(Record, frozen=True, kw_only=True):
    """Where champion and challenger differ most on the rows judged."""

    distance: str  # what it is: absolute difference, sum of differing probabilities, another label
    rows: int
    differing: int  # rows on which they are apart at all
    mean: float  # distance
    features_left_out: int = 0  # of each row shown
    most: tuple[DisagreementRow, ...] = ()  # at most 10, the farthest apart first
    slices: tuple[DisagreementSlice, ...] = ()  # at most 20 values of each, the farthest first


class Witness(Record, frozen=True, kw_only=True):
    """What one side of a comparison had seen of the holdout, and how much of it it answered."""

    digest: Digest  # of the model's files
    fingerprint: Digest  # of the sorted hashes of the row keys that it learned from
    seen: int  # how many those are
    learned: int  # offered rows among them: learned from, or stopped early or tuned on
    validated: int | None  # of these, on how many it was stopped early or tuned; None: not known
    answers: int  # rows that it answered, of those judged on
    nulls: int  # of these, answers that are null or no number


class Certificate(Record, frozen=True, kw_only=True):
    """That a comparison is honest: two models, the same rows, and who had seen them before."""

    challenger: Witness
    champion: Witness | None = None
    offered: int  # holdout rows before any was left out
    offered_digest: Digest  # of their keys, in order
    trimmed: int  # rows left out because a side had learned from them
    rows: int  # rows judged on
    holdout: Digest  # of their keys, in order
    contents: Digest  # of what they hold in the columns that the challenger reads, and the target
    used: int | None = None  # judgements before this one, without a break, on the rows offered
    used_error: str | None = None  # why those could not be counted


# --- what a report shows -------------------------------------------------------------------------


class Span(Record, frozen=True):
    """Two numbers, the lower first."""

    low: float
    high: float


class ScoreIntervals(Record, frozen=True, kw_only=True):
    """How sure a metric of each side is, as if rows were independent; None: not known."""

    metric: str
    challenger: Span | None = None
    champion: Span | None = None


class ResidualBin(Record, frozen=True, kw_only=True):
    """The rows between two quantiles of the prediction; a residual is truth minus prediction."""

    rows: int
    predicted: float  # mean
    truth: float  # mean
    low: float  # the residual that a tenth of the rows is below
    middle: float  # the median residual
    high: float  # the residual that a tenth of the rows is above


class Residuals(Record, frozen=True, kw_only=True):
    """Truth minus prediction on the holdout, in the target's unit."""

    bins: tuple[ResidualBin, ...]  # by prediction, the lowest first, about equally many rows each
    edges: tuple[float, ...]  # of the histogram; one more than its counts
    counts: tuple[int, ...]
    below: int  # residuals below the first edge
    above: int  # residuals above the last
    rows: int  # that were looked at: all, or every n-th


class CalibrationBin(Record, frozen=True, kw_only=True):
    """Rows with about the same probability."""

    rows: int
    predicted: float  # mean probability
    observed: float  # share of the rows that it came true for


class Calibration(Record, frozen=True, kw_only=True):
    """Whether what has a probability of 30 % comes true in 30 % of the rows."""

    label: Label | None  # of two classes the second; None: the label that was predicted
    bins: tuple[CalibrationBin, ...]  # lowest probability first, about equally many rows each
    rows: int  # that were looked at: all, or every n-th


class Confusion(Record, frozen=True, kw_only=True):
    """How often each label was predicted for each true one."""

    labels: tuple[Label, ...]  # the most frequent true ones, as the classes are sorted
    counts: tuple[tuple[int, ...], ...]  # a row a true label, a column a predicted one
    left_out: int = 0  # rows whose true or predicted label is not among these


class Confused(Record, frozen=True, kw_only=True):
    """A label that was predicted for another."""

    truth: Label
    predicted: Label
    rows: int


class TopK(Record, frozen=True, kw_only=True):
    """How often the true label is among the likeliest."""

    k: int
    share: float


class Importance(Record, frozen=True, kw_only=True):
    """How much worse the gate's metric gets when a feature's values are shuffled among the rows."""

    feature: str
    loss: float  # mean over the repeats, in the metric's unit; below zero: better
    deviation: float  # over the repeats


class Share(Record, frozen=True):
    """A value of a column and the share of the rows that have it."""

    value: str
    share: float


class ColumnProfile(Record, frozen=True, kw_only=True):
    """What a column of the training rows holds."""

    column: str
    dtype: str
    nulls: float  # share of the rows
    mean: float | None = None  # of numbers, as all up to `high`
    deviation: float | None = None
    low: float | None = None
    high: float | None = None
    distinct: int | None = None  # of what is no number
    levels: tuple[Share, ...] = ()  # the most frequent values of what is no number


class Profile(Record, frozen=True, kw_only=True):
    """The training rows, column by column."""

    columns: tuple[ColumnProfile, ...]  # the features and the target
    left_out: int = 0  # features beyond the number that is kept
    rows: int  # that were looked at: all, or every n-th


class Exhibits(Record, frozen=True, kw_only=True):
    """What a report shows of a challenger and only the rows can tell; of bounded size."""

    confidence: float  # of the intervals
    intervals: tuple[ScoreIntervals, ...] = ()
    residuals: Residuals | None = None
    calibration: Calibration | None = None
    confusion: Confusion | None = None
    confused: tuple[Confused, ...] = ()  # the most frequent mistakes
    top_k: tuple[TopK, ...] = ()
    importance: tuple[Importance, ...] = ()  # the weightiest first
    importance_rows: int = 0  # that were shuffled
    profile: Profile | None = None
    missing: dict[str, str] = {}  # exhibit -> why there is none


# --- evidence and verdict ------------------------------------------------------------------------


class Agreement(Record, frozen=True, kw_only=True):
    """A faster way to the same answers, held against the exact pipeline on rows of the holdout."""

    path: str  # rows: one at a time in plain Python; onnx: all that wait, in ONNX Runtime
    rows: int  # that were compared
    deviation: float  # the largest: of values, relative where above 1; of probabilities, absolute
    bound: float  # what it may be
    labels: int = 0  # rows whose label is another
    error: str | None = None  # why it could not be compared

    @property
    def agreed(self) -> bool:
        """Whether a server may take it."""
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """What speaks against it, in words, or None."""
        if self.error is not None:
            return self.error
        if self.labels:
            return f"{self.labels:,} of {self.rows:,} labels differ"
        if not self.deviation <= self.bound:
            return f"answers are up to {self.deviation:.2g} apart (bound {self.bound:g})"
        return None if self.rows else "there were no rows to compare"

    def __str__(self) -> str:
        """How the model is served, and why."""
        ways = {"rows": "row by row in plain Python", "onnx": "in ONNX Runtime"}
        way = ways.get(self.path, self.path)
        if self.problem:
            return f"by the exact pipeline, not {way}: {self.problem}"
        apart = f"at most {self.deviation:.2g} apart (bound {self.bound:g})"
        return f"{way}: {self.rows:,} rows compared, {apart}"


class Evidence(Record, frozen=True, kw_only=True):
    """Everything measured for a judgement."""

    model: str
    kind: str
    metric: str  # what the gate compares on
    challenger: Side
    champion: Side | None = None
    snapshot: Digest
    split: SplitReport
    holdout: Digest  # of the rows both sides were scored on
    rows: int  # how many those are
    overlap: Overlap
    scores: tuple[MetricScore, ...]
    comparison: Comparison | None = None  # None: there is no champion
    comparison_error: str | None = None  # why there is none although there is a champion
    slices: tuple[SliceScore, ...] = ()
    removals: tuple[Removal, ...] = ()
    findings: tuple[Finding, ...] = ()
    benchmarks: tuple[BenchmarkScore, ...] = ()
    disagreements: Disagreements | None = None  # None: there is nothing to disagree with
    certificate: Certificate | None = None  # None: of a release that gave none; it never passes
    rules: tuple[RuleScore, ...] = ()  # what max_drop and min_gain of rules are judged on
    baseline: str | None = None  # what the naive predictor is, where it is not constant
    exhibits: Exhibits | None = None  # None: judged by a release that kept none
    compiled: tuple[Agreement, ...] = ()  # faster ways to its answers, the fastest first


class Reason(Record, frozen=True, kw_only=True):
    """One rule of the gate and what came of it."""

    rule: str  # "gain", "mae <= 2.5", "slice origin"
    outcome: Outcome
    text: str  # in words, with the figures


class Verdict(Record, frozen=True, kw_only=True):
    """What the gate says of the evidence."""

    outcome: Outcome
    reasons: tuple[Reason, ...]

    @property
    def why(self) -> str:
        """The reasons that decided it, in words; of a pass, the first: the gain."""
        decisive = [r.text for r in self.reasons if r.outcome == self.outcome]
        return "; ".join(decisive[:1] if self.outcome == "pass" else decisive)


# --- versions -----------------------------------------------------------------------------------


class File(Record, frozen=True, kw_only=True):
    """One file of a version."""

    path: str  # below the version's attempt folder
    size: int
    sha256: Digest


class Manifest(Record, frozen=True, kw_only=True):
    """What a version consists of, and the record from which it can be built again."""

    format: int = 1
    model: str
    version: str
    candidate: Candidate
    files: tuple[File, ...]  # sorted by path; this file is not among them
    config: dict[str, Any]  # the resolved table of the model
    recipe: Recipe
    proof: Proof | None = None  # None: the version is older than proofs
