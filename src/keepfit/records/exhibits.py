"""What a report shows of a challenger."""

from __future__ import annotations

from keepfit.records.base import Label, Record


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


class Shap(Record, frozen=True, kw_only=True):
    """How far a feature moves what the model says of a row, by its SHAP values."""

    feature: str
    value: float  # mean of the absolute values over the rows, added up over the classes


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


class Fan(Record, frozen=True, kw_only=True):
    """A series at the cut-offs: what was forecast of it, and what came."""

    series: str  # its name; empty where the rows are one series
    rank: str  # worst, middle or best, by the error
    error: float  # the sum of the errors by the sum of |truth|
    times: tuple[str, ...]  # ISO; of the past and of the steps that were forecast
    truth: tuple[float | None, ...]
    mean: tuple[float | None, ...]  # None: it is of the past
    low: tuple[float | None, ...] = ()  # of the lowest quantile; empty where there is none
    high: tuple[float | None, ...] = ()  # of the highest
    levels: tuple[float, ...] = ()  # of the lowest and the highest


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
    shap: tuple[Shap, ...] = ()  # the weightiest first; none where the kind has no such values
    shap_rows: int = 0  # that were explained
    fans: tuple[Fan, ...] = ()  # of forecasts: the worst series, some in the middle, the best
    profile: Profile | None = None
    missing: dict[str, str] = {}  # exhibit -> why there is none
