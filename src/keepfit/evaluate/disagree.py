"""Where champion and challenger differ most, overall and by slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PolarsError

from keepfit.kinds.base import Prediction
from keepfit.records.disagreement import (
    PROBABILITIES,
    DisagreementRow,
    Disagreements,
    DisagreementSlice,
)

SHOWN = 10  # rows that are shown
MOST_VALUES = 50  # of a slice that are looked at: those with most rows
MOST_GROUPS = 20  # and that are shown
MOST_COLUMNS = 20  # features of a row that are shown
_WIDEST = 80  # characters of a value that are shown

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a row may be shown: nothing but what the file of models names."""

    key: tuple[str, ...]
    features: tuple[str, ...]
    target: str
    slices: tuple[str, ...]


def disagreements(
    rows: pl.DataFrame, challenger: Prediction, champion: Prediction, shown: Shown
) -> Disagreements:
    """
    How far two sides are apart on the same rows, in the unit of `distance`, most first.

    Numbers differ by their absolute difference, probabilities by the sum of theirs (0 to 2), labels
    by being another (0 or 1). Of rows that differ alike the earlier comes first. At most 10 rows
    and 20 slices are kept.
    """
    distance, what = _distance(challenger, champion)
    worst = _worst(distance)
    return Disagreements(
        distance=what,
        rows=len(distance),
        differing=int(np.count_nonzero(distance)),
        mean=float(distance.mean()) if len(distance) else 0.0,
        one_sided=int(np.count_nonzero(_answered(challenger) != _answered(champion))),
        features_left_out=max(0, len(shown.features) - MOST_COLUMNS),
        most=tuple(_rows(rows, worst, distance, challenger, champion, shown)),
        slices=tuple(_slices(rows, distance, shown.slices)),
    )


def _answered(side: Prediction) -> NDArray[np.bool_]:
    """Which rows it would answer, were it not made to."""
    if side.answered is None:
        return np.ones(len(side.values), dtype=np.bool_)
    return side.answered


def _distance(ours: Prediction, theirs: Prediction) -> tuple[Numbers, str]:
    mine, other = ours.probabilities, theirs.probabilities
    if mine is not None and other is not None and ours.classes == theirs.classes:
        return np.nan_to_num(np.abs(mine - other).sum(axis=1)), PROBABILITIES
    if ours.values.dtype.is_numeric() and not ours.classes and not theirs.classes:
        apart = (ours.values.cast(pl.Float64) - theirs.values.cast(pl.Float64)).abs()
        return np.nan_to_num(apart.fill_null(0.0).to_numpy()), "absolute difference"
    other_label = ours.values.cast(pl.String).ne_missing(theirs.values.cast(pl.String))
    return other_label.cast(pl.Float64).to_numpy(), "another label"


def _worst(distance: Numbers) -> NDArray[np.int64]:
    """The rows that differ most; ties in the order of the rows, however many there are."""
    places = np.flatnonzero(distance > 0)
    if len(places) > SHOWN:
        edge = np.partition(distance, len(distance) - SHOWN)[len(distance) - SHOWN]
        above, at = np.flatnonzero(distance > edge), np.flatnonzero(distance == edge)
        places = np.concatenate([above, at[: SHOWN - len(above)]])
    return places[np.lexsort((places, -distance[places]))]


def _rows(  # noqa: PLR0913 both sides of each row
    rows: pl.DataFrame,
    places: NDArray[np.int64],
    distance: Numbers,
    challenger: Prediction,
    champion: Prediction,
    shown: Shown,
) -> Iterator[DisagreementRow]:
    for place in places.tolist():
        yield DisagreementRow(
            key=_values(rows, place, shown.key),
            features=_values(rows, place, shown.features[:MOST_COLUMNS]),
            truth=_text(rows[shown.target][place]),
            challenger=_text(challenger.values[place]),
            champion=_text(champion.values[place]),
            distance=float(distance[place]),
        )


def _values(rows: pl.DataFrame, place: int, names: Sequence[str]) -> dict[str, str]:
    return {name: _text(rows[name][place]) for name in names if name in rows.columns}


def _slices(
    rows: pl.DataFrame, distance: Numbers, slices: Sequence[str]
) -> Iterator[DisagreementSlice]:
    """The commonest values of each slice, those that differ most on average first."""
    for name in slices:
        column = _column(rows, name)
        if column is not None:
            found = [_slice(name, value, distance[at]) for value, at in _groups(column)]
            yield from sorted(found, key=lambda one: -one.mean)[:MOST_GROUPS]


def _groups(column: pl.Series) -> Iterator[tuple[object, NDArray[np.uint32]]]:
    """The values with most rows, and where those are; of equals the first to come."""
    grouped = (
        column.alias("value")
        .to_frame()
        .with_row_index("row")
        .group_by("value", maintain_order=True)
        .agg("row", rows=pl.len())
        .sort("rows", descending=True, maintain_order=True)
        .head(MOST_VALUES)
    )
    for value, at in zip(grouped["value"], grouped["row"], strict=True):
        yield value, at.to_numpy()


def _slice(name: str, value: object, distance: Numbers) -> DisagreementSlice:
    return DisagreementSlice(
        slice=name,
        value="(null)" if value is None else _text(value),
        rows=len(distance),
        differing=int(np.count_nonzero(distance)),
        mean=float(distance.mean()),
    )


def _column(rows: pl.DataFrame, name: str) -> pl.Series | None:
    """The column of a slice, or whether its condition holds; None where it is neither."""
    if name in rows.columns:
        return rows[name]
    try:
        return rows.select(pl.sql_expr(name).alias("value")).to_series()
    except PolarsError:  # the slices of the evidence say what is wrong with it
        return None


def _text(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
