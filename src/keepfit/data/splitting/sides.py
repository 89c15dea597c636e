"""Which side of the split each row is on: a number a row, decided by what the row holds."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.config.schema.model import ModelSpec
from keepfit.data.splitting.keys import Keys, row_keys, seeded
from keepfit.data.timeline import end_of
from keepfit.data.types.casts import moment
from keepfit.durations import Duration
from keepfit.errors import DataRefused, UserError

Sides = NDArray[np.int8]
TRAIN, VALIDATION, HOLDOUT, UNASKED, UNREAD, NOWHERE = 0, 1, 2, 3, 4, -1
_NAMED = {
    **dict.fromkeys(("train", "training", "true", "t", "1"), TRAIN),
    **dict.fromkeys(("validation", "valid", "val"), VALIDATION),
    **dict.fromkeys(("holdout", "test", "false", "f", "0"), HOLDOUT),
}
_WHOLE = 2.0**64


def times_of(rows: pl.DataFrame, spec: ModelSpec) -> pl.Series | None:
    """The moments of the rows in naive UTC, or None where the model has no time column."""
    name = spec.data.time
    if name is None or name not in rows.columns:
        return None
    return rows.select(moment(name, rows.schema[name]).alias(name)).to_series()


def by_time(
    times: pl.Series | None, spec: ModelSpec, until: datetime | None
) -> tuple[Sides, datetime]:
    """The sides and the moment at which the holdout begins.

    Of series the newest step and those before it, a horizon for each cut-off, are the holdout. A
    span is counted back from `until`, else from the midnight after the newest row; a share is
    rounded so that rows of one moment stay together. Rows without a time are on no side.
    """
    known = _needed(times, spec, "holdout")
    holdout = spec.split.holdout
    if spec.series is not None:  # the steps count, wherever in a day the newest one is
        cut = spec.series.holdout.before(spec.series.frequency.after(_newest(known, spec)))
    elif isinstance(holdout, Duration):
        cut = holdout.before(until or end_of(_newest(known, spec)))
    else:
        cut = _quantile(known, 1 - holdout, spec)
    late = (known >= cut).fill_null(False).to_numpy()
    sides = np.where(late, HOLDOUT, TRAIN).astype(np.int8)
    sides[known.is_null().to_numpy()] = NOWHERE
    return sides, cut


def by_hash(rows: pl.DataFrame, keys: Keys, spec: ModelSpec) -> Sides:
    """The sides by a seeded hash of each row's key, or of its group."""
    late = seeded(_units(rows, keys, spec), spec.split.seed, "holdout")
    return np.where(late < _share(spec.split.holdout, spec), HOLDOUT, TRAIN).astype(np.int8)


def by_column(rows: pl.DataFrame, spec: ModelSpec) -> Sides:
    """The sides that `split.column` names; UserError for a value that names none."""
    name = spec.split.column or ""
    words = rows[name].cast(pl.String).str.strip_chars().str.to_lowercase()
    strange = rows[name].filter(~words.is_in(list(_NAMED)).fill_null(False))
    if len(strange):
        raise UserError(
            f"model.{spec.name}.split.column is `{name}`, which holds {strange[0]!r}; "
            "expected train, validation or holdout (or true for the training rows)"
        )
    return words.replace_strict(_NAMED, return_dtype=pl.Int8).to_numpy().copy()


def take_validation(
    sides: Sides, rows: pl.DataFrame, keys: Keys, times: pl.Series | None, spec: ModelSpec
) -> Sides:
    """The sides with the validation rows taken from the training rows.

    A span takes the end of the training time; a share takes rows by another seeded hash.
    """
    share = spec.split.validation
    if share is None:
        return sides
    train = sides == TRAIN
    if isinstance(share, Duration):
        known = _needed(times, spec, "validation")
        chosen = (known >= share.before(_train_end(known, train, spec))).fill_null(False).to_numpy()
    else:
        units = seeded(_units(rows, keys, spec), spec.split.seed, "validation")
        chosen = units < _share(share, spec)
    return np.where(train & chosen, np.int8(VALIDATION), sides)


def _train_end(times: pl.Series, train: NDArray[np.bool_], spec: ModelSpec) -> datetime:
    return end_of(_newest(times.filter(pl.Series(train)), spec))


def _units(rows: pl.DataFrame, keys: Keys, spec: ModelSpec) -> Keys:
    return row_keys(rows, (spec.split.group,)) if spec.split.group else keys


def _share(share: float | Duration, spec: ModelSpec) -> np.uint64:
    if isinstance(share, Duration):
        raise UserError(f'model.{spec.name}.split.holdout is a span; expected by = "time"')
    return np.uint64(share * _WHOLE)


def _needed(times: pl.Series | None, spec: ModelSpec, key: str) -> pl.Series:
    if times is None:
        value = getattr(spec.split, key)
        raise UserError(
            f"model.{spec.name}.split.{key} is {value} of time, but the model has no time column",
            hint=f"name it as model.{spec.name}.data.time, or give a share of the rows",
        )
    return times


def _newest(times: pl.Series, spec: ModelSpec) -> datetime:
    newest = times.max()
    if not isinstance(newest, datetime):
        raise DataRefused(
            f"model `{spec.name}`: no row that has its target has a time in `{spec.data.time}`"
        )
    return newest


def _quantile(times: pl.Series, share: float, spec: ModelSpec) -> datetime:
    _newest(times, spec)
    known = times.drop_nulls().sort()
    cut = known[min(int(len(known) * share), len(known) - 1)]
    assert isinstance(cut, datetime)  # noqa: S101 - for mypy: an element of a Datetime series
    return cut
