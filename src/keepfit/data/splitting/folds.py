"""The rows that may be learned from, cut again and again into some to learn from and some that
judge; the holdout takes no part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.config.schema.model import ModelSpec
from keepfit.data.splitting import sides as on
from keepfit.data.splitting.keys import Keys, among, row_keys, seeded
from keepfit.data.splitting.split import Split
from keepfit.errors import DataRefused

Mask = NDArray[np.bool_]
Blocks = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Fold:
    """A truth value a row of `Split.pool` in each; no row and no key is in two of them."""

    train: Mask
    validation: Mask  # for early stopping; none where the model has no split.validation
    judge: Mask


def folds_of(split: Split, spec: ModelSpec, count: int, seed: int) -> tuple[Fold, ...]:
    """The pool of a split in `count` folds, in each of which other rows judge.

    Rows in order of time: what judges is newer than all that is learned from, which grows from fold
    to fold. Else every row judges once, rows of a key or of a group in the same fold. The
    validation rows of a fold are taken from those it learns from, as `split.validation` says.

    DataRefused where the rows are too few, or too much alike, for so many.
    """
    pool = split.pool
    times = on.times_of(pool, spec)
    in_time = times is not None and is_in_time(spec)
    if times is not None and in_time:
        blocks = _blocks_of_time(times, count, spec)
    else:
        blocks = _blocks_of_units(units_of(split, spec), count, seed, spec)
    return tuple(
        _fold(split, spec, times, blocks, judge, number, in_time=in_time)
        for number, judge in enumerate(range(in_time, count + in_time), 1)
    )


def is_in_time(spec: ModelSpec) -> bool:
    """Whether folds go forward in time: as the holdout does, or where nobody said it may not."""
    how = spec.split.how
    return how == "time" or (how in ("column", "file") and spec.data.time is not None)


def units_of(split: Split, spec: ModelSpec) -> Keys:
    """A number a row of the pool; rows of one number belong together: a group, else a key."""
    return row_keys(split.pool, (spec.split.group,)) if spec.split.group else split.keys


def fewer(fold: Fold, units: Keys, rows: int, seed: int) -> Fold:
    """The fold with at most so many rows to learn from, whole units, at least one of them.

    They are drawn at random; those of a smaller number are among those of a larger one.
    """
    places = np.flatnonzero(fold.train)
    different, which, sizes = np.unique(units[places], return_inverse=True, return_counts=True)
    order = np.argsort(seeded(different, seed, "sizes"), kind="stable")
    taken = max(1, int(np.searchsorted(np.cumsum(sizes[order]), rows, side="right")))
    kept = np.zeros(len(different), dtype=np.bool_)
    kept[order[:taken]] = True
    train = np.zeros_like(fold.train)
    train[places[kept[which]]] = True
    return replace(fold, train=train)


def _blocks_of_time(times: pl.Series, count: int, spec: ModelSpec) -> Blocks:
    """`count` + 1 blocks of about as many rows, in order of time; rows of a moment together."""
    moments = times.cast(pl.Int64)
    known = moments.drop_nulls().sort().to_numpy()
    edges = known[[len(known) * number // (count + 1) for number in range(1, count + 1)]]
    if len(known) <= count or len(np.unique(edges)) < count or edges[0] == known[0]:
        raise _too_few(spec, count, f"{len(np.unique(known)):,} different times")
    blocks = np.searchsorted(edges, moments.fill_null(0).to_numpy(), side="right")
    return np.where(moments.is_null().to_numpy(), -1, blocks)


def _blocks_of_units(units: Keys, count: int, seed: int, spec: ModelSpec) -> Blocks:
    """`count` blocks of about as many rows, drawn at random; a unit is in one of them."""
    different, which, sizes = np.unique(units, return_inverse=True, return_counts=True)
    order = np.argsort(seeded(different, seed, "folds"), kind="stable")
    middles = np.cumsum(sizes[order]) - sizes[order] / 2
    block = np.empty(len(different), dtype=np.intp)
    block[order] = (middles * count / len(units)).astype(np.intp)
    if len(np.unique(block)) < count:
        what = f"groups of `{spec.split.group}`" if spec.split.group else "rows"
        raise _too_few(spec, count, f"{len(different):,} {what}, the largest has {sizes.max():,}")
    return block[which]


def _fold(  # noqa: PLR0913 all that a row's place may hang on
    split: Split,
    spec: ModelSpec,
    times: pl.Series | None,
    blocks: Blocks,
    judge: int,
    number: int,
    *,
    in_time: bool,
) -> Fold:
    judged = blocks == judge
    learned = (blocks >= 0) & (blocks < judge if in_time else ~judged)
    learned &= ~among(split.keys, split.keys[judged])
    sides = np.where(learned, on.TRAIN, on.NOWHERE).astype(np.int8)
    if spec.split.how == "column":  # which names the validation rows
        sides[(np.arange(len(sides)) >= split.train.height) & learned] = on.VALIDATION
    elif learned.any():
        sides = on.take_validation(sides, split.pool, split.keys, times, spec)
    validation = sides == on.VALIDATION
    train = (sides == on.TRAIN) & ~among(split.keys, split.keys[validation])
    _refuse_useless(split.pool.filter(pl.Series(train)), spec, number)
    return Fold(train, validation, judged)


def _refuse_useless(rows: pl.DataFrame, spec: ModelSpec, number: int) -> None:
    if rows[spec.target].n_unique() > 1:
        return
    told = f"the target `{spec.target}` is the same in all" if rows.height else "there are none"
    raise DataRefused(
        f"model `{spec.name}`: fold {number} has {rows.height:,} rows to learn from, and {told}",
        hint=f"choose fewer folds, a smaller model.{spec.name}.split.validation, or more rows",
    )


def _too_few(spec: ModelSpec, count: int, there: str) -> DataRefused:
    return DataRefused(
        f"model `{spec.name}` cannot be cut into {count} folds: its training rows have {there}",
        hint="choose fewer folds, or bring more rows",
    )
