"""The rows cut into train, validation and holdout; no key is on two sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.config.schema.model import ModelSpec
from keepfit.data.marks import unanswered, unmarked
from keepfit.data.series import never_asked
from keepfit.data.splitting import sides as on
from keepfit.data.splitting.keys import Keys, among, distinct, row_keys
from keepfit.data.splitting.sides import Sides
from keepfit.data.splitting.useless import refuse_no_target, refuse_useless
from keepfit.data.types.dtypes import family, in_words
from keepfit.digest import Digest, sha256
from keepfit.errors import UserError
from keepfit.records.rows import SplitReport


@dataclass(frozen=True, slots=True)
class Split:
    """Train, validation and holdout rows, each with all columns, in an order of their own.

    The order comes from the rows themselves (time, key, content), never from the files' order.
    """

    train: pl.DataFrame
    validation: pl.DataFrame
    holdout: pl.DataFrame
    train_keys: Keys  # of the train and validation rows: what the model has seen; sorted, distinct
    validation_keys: Keys  # those of the validation rows alone; sorted, distinct
    holdout_keys: Keys  # a key a row of `holdout`, in its order
    keys: Keys  # a key a row of `train`, then of `validation`
    report: SplitReport
    unasked: pl.DataFrame  # of series: steps that judge nothing, and are known at later cut-offs
    # of series with columns that are known of future steps: rows without a target
    future: pl.DataFrame | None = None
    # rows that nothing is learned from: their texts have no answer; with the marks that say why
    unread: pl.DataFrame | None = None

    @property
    def pool(self) -> pl.DataFrame:
        """Every row that may be learned from: those of `train`, then those of `validation`."""
        return pl.concat([self.train, self.validation]) if self.validation.height else self.train

    def only(self, train: NDArray[np.bool_], validation: NDArray[np.bool_]) -> Split:
        """Some rows of the pool, a truth value a row in each; there is no holdout any more."""
        pool, keys = self.pool, self.keys
        learned = pool.filter(pl.Series(train)), pool.filter(pl.Series(validation))
        tuned, none = distinct(keys[validation]), self.holdout_keys[:0]
        seen = distinct(keys[train | validation])
        report = SplitReport(
            by=self.report.by,
            train=learned[0].height,
            validation=learned[1].height,
            holdout=0,
            unlabelled=0,
            train_digest=_digest(seen),
            holdout_digest=_digest(none),
        )
        order = np.concatenate([keys[train], keys[validation]])
        gone = self.holdout.clear()
        return Split(*learned, gone, seen, tuned, none, order, report, self.unasked.clear())


def cut(  # noqa: PLR0913 - all that a row's side may hang on
    rows: pl.DataFrame,
    spec: ModelSpec,
    *,
    file_rows: pl.DataFrame | None = None,
    key: Sequence[str] | None = None,
    until: datetime | None = None,
    seen: Keys | None = None,
) -> Split:
    """The rows by the model's `split`; rows with a null target are on no side, but counted.

    `file_rows` are the holdout of by = "file". `key` names the columns that identify a row: else
    those of `data.key`, else all. `until` is where a span at the end of time ends: else at the
    midnight after the newest row. A training row whose key a holdout row has is left out, and so is
    one whose key is among `seen` (sorted): a model that is to be updated has learned from it.

    DataRefused where train or holdout is empty or the target is constant; UserError where the file
    asks for what the rows cannot give.
    """
    everything, from_file = _together(rows, file_rows)
    names = key if key is not None else spec.data.key
    sided = side_rows(
        everything, spec, lambda there: row_keys(there, names), from_file, until=until, seen=seen
    )
    return split_of(sided, spec, _assemble(sided, seen), seen)


@dataclass(frozen=True, slots=True)
class Sided:
    """Rows that have a target, and the side that each is on."""

    rows: pl.DataFrame
    keys: Keys
    times: pl.Series | None
    sides: Sides
    begins: datetime | None  # where the holdout begins
    unlabelled: int  # rows that were left out: they have no target
    shared: int  # rows that are on no side: a holdout row has their key
    known: int  # rows that are on no side: they were learned from before
    unasked: int  # rows of the holdout that nobody can be asked about
    future: pl.DataFrame | None = None  # of series.dynamic: rows without a target


def side_rows(  # noqa: PLR0913 - all that a row's side may hang on
    rows: pl.DataFrame,
    spec: ModelSpec,
    keys_of: Callable[[pl.DataFrame], Keys],
    from_file: NDArray[np.bool_] | None = None,
    *,
    until: datetime | None = None,
    seen: Keys | None = None,
) -> Sided:
    """The rows by the model's `split`, as `cut` says; `rows` have the columns that it names."""
    labelled = has_target(rows, spec.target)
    there = rows if labelled.all() else rows.filter(labelled)
    refuse_no_target(rows, there, spec)
    keys = keys_of(there)
    times = on.times_of(there, spec)
    filed = np.zeros(0, dtype=np.bool_) if from_file is None else from_file[labelled.to_numpy()]
    sides, begins = _sides(there, keys, times, spec, from_file=filed, until=until)
    sides, known = _without_known(sides, keys, seen)
    unasked = never_asked(there, sides == on.HOLDOUT, spec)
    sides = np.where(unasked, on.UNASKED, sides).astype(np.int8)
    sides = _without_unread(on.take_validation(sides, there, keys, times, spec), there)
    placed, shared = _apart(sides, keys)
    unlabelled = rows.height - there.height
    future = rows.filter(~labelled) if spec.series and spec.series.dynamic else None
    count = int(unasked.sum())
    return Sided(there, keys, times, placed, begins, unlabelled, shared, known, count, future)


def split_of(sided: Sided, spec: ModelSpec, pieces: Pieces, seen: Keys | None) -> Split:
    """The split that has these pieces, once it is known to be of use."""
    report = _report(pieces, spec, sided)
    before = 0 if seen is None else len(seen)
    report = msgspec.structs.replace(
        report, known=sided.known, before=before, unasked=sided.unasked
    )
    refuse_useless(pieces[0], pieces[2], spec, report)
    unasked, unread = (
        sided.rows.filter(pl.Series(sided.sides == side)) for side in (on.UNASKED, on.UNREAD)
    )
    return Split(*pieces, report, unmarked(unasked), sided.future, unread)


Pieces = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, Keys, Keys, Keys, Keys]


def check_target(split: Split, target: str, task: str) -> None:
    """UserError where the target cannot be what the task (regression, classification) predicts."""
    dtype = split.train.schema[target]
    if task == "regression" and family(dtype) != "number":
        raise UserError(
            f"the target `{target}` is {in_words(dtype)}; expected a number for a regression",
            hint="choose a kind that classifies, such as logistic, or correct data.types",
        )
    if task == "classification" and family(dtype) not in {"text", "boolean", "number"}:
        raise UserError(
            f"the target `{target}` is {in_words(dtype)}; expected text, true or false, or numbers"
        )


def _together(
    rows: pl.DataFrame, file_rows: pl.DataFrame | None
) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    if file_rows is None:
        return rows, np.zeros(rows.height, dtype=np.bool_)
    both = pl.concat([rows, file_rows], how="diagonal_relaxed")
    return both, np.arange(both.height) >= rows.height


def has_target(rows: pl.DataFrame, target: str) -> pl.Series:
    """Whether each row's target is known: neither null nor NaN."""
    known = pl.col(target).is_not_null()
    if rows.schema[target].is_float():
        known &= pl.col(target).is_not_nan()
    return rows.select(known).to_series()


def _sides(  # noqa: PLR0913 - everything a row's side may hang on
    rows: pl.DataFrame,
    keys: Keys,
    times: pl.Series | None,
    spec: ModelSpec,
    *,
    from_file: NDArray[np.bool_],
    until: datetime | None,
) -> tuple[Sides, datetime | None]:
    match spec.split.how:
        case "time":
            return on.by_time(times, spec, until)
        case "column":
            return on.by_column(rows, spec), None
        case "file":
            return np.where(from_file, on.HOLDOUT, on.TRAIN).astype(np.int8), None
        case _:
            return on.by_hash(rows, keys, spec), None


def _without_known(sides: Sides, keys: Keys, seen: Keys | None) -> tuple[Sides, int]:
    """The sides without training rows that were learned from before, and how many these are."""
    if seen is None:
        return sides, 0
    known = among(keys, seen) & ((sides == on.TRAIN) | (sides == on.VALIDATION))
    return np.where(known, on.NOWHERE, sides).astype(np.int8), int(known.sum())


def _without_unread(sides: Sides, rows: pl.DataFrame) -> Sides:
    """The sides without training rows whose texts have no answer; those that judge are asked all
    the same, or a model would look the better the more it refuses."""
    unread = unanswered(rows)
    if unread is None:
        return sides
    learned = (sides == on.TRAIN) | (sides == on.VALIDATION)
    return np.where(unread & learned, on.UNREAD, sides).astype(np.int8)


def _apart(sides: Sides, keys: Keys) -> tuple[Sides, int]:
    """No key on two sides: the holdout keeps its rows, then the validation rows theirs."""
    placed = sides.copy()
    judged = among(keys, keys[sides == on.HOLDOUT])
    doubled = judged & (sides != on.HOLDOUT) & (sides != on.NOWHERE)
    placed[doubled] = on.NOWHERE
    tuned = among(keys, keys[placed == on.VALIDATION])
    placed[tuned & (placed == on.TRAIN)] = on.NOWHERE
    return placed, int(doubled.sum())


def _assemble(sided: Sided, before: Keys | None = None) -> Pieces:
    rows = unmarked(sided.rows)
    order = canonical_order(rows, sided.keys, sided.times)
    sides, ordered = sided.sides[order], rows[order]
    train, validation, holdout = (
        ordered.filter(pl.Series(sides == side)) for side in (on.TRAIN, on.VALIDATION, on.HOLDOUT)
    )
    seen, tuned = learned_keys(sided, before)
    told = sided.keys[order]
    each = np.concatenate([told[sides == on.TRAIN], told[sides == on.VALIDATION]])
    return train, validation, holdout, seen, tuned, told[sides == on.HOLDOUT], each


def learned_keys(sided: Sided, before: Keys | None = None) -> tuple[Keys, Keys]:
    """(keys of the train and validation rows, of the validation rows alone): sorted, distinct."""
    keys, sides = sided.keys, sided.sides
    seen = distinct(keys[(sides == on.TRAIN) | (sides == on.VALIDATION)])
    if before is not None:  # what a model goes on from, it has learned as well
        seen = np.union1d(seen, before)
    return seen, distinct(keys[sides == on.VALIDATION])


def canonical_order(rows: pl.DataFrame, keys: Keys, times: pl.Series | None) -> NDArray[np.intp]:
    """The order that comes from the rows: by time, then key, then all that they hold."""
    by: list[NDArray[np.uint64] | NDArray[np.int64]] = [keys]
    if len(distinct(keys)) < len(keys):
        by.insert(0, row_keys(rows))  # rows of one key are told apart by all that they hold
    if times is not None:
        lowest = np.iinfo(np.int64).min
        by.append(times.cast(pl.Int64).fill_null(lowest).to_numpy())
    return np.lexsort(by)


def _report(pieces: Pieces, spec: ModelSpec, sided: Sided) -> SplitReport:
    train, validation, holdout, seen, _, judged, _ = pieces
    times, placed = sided.times, sided.sides
    when = times.filter(pl.Series(placed == on.HOLDOUT)) if times is not None else None
    return SplitReport(
        by=spec.split.how,
        train=train.height,
        validation=validation.height,
        holdout=holdout.height,
        unlabelled=sided.unlabelled,
        train_digest=_digest(seen),
        holdout_digest=_digest(np.sort(judged)),
        cut=_iso(sided.begins),
        holdout_from=_iso(when.min() if when is not None else None),
        holdout_to=_iso(when.max() if when is not None else None),
        shared=sided.shared,
    )


def _digest(keys: Keys) -> Digest:
    return sha256(keys.astype("<u8").tobytes())


def _iso(moment: object) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else None
