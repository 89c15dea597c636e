"""Where champion and challenger differ most."""

from __future__ import annotations

from keepfit.records.base import Record

PROBABILITIES = "sum of differing probabilities"  # a distance, 0 to 2


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
    one_sided: int = 0  # rows that one of the two alone would answer, were it not made to
    features_left_out: int = 0  # of each row shown
    most: tuple[DisagreementRow, ...] = ()  # at most 10, the farthest apart first
    slices: tuple[DisagreementSlice, ...] = ()  # at most 20 values of each, the farthest first
