"""Rows of several origins: whose label counts, who may bring new labels, how often each counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.config.schema.rows import Origin
from keepfit.data.columns.clean import removal
from keepfit.errors import guess
from keepfit.records.rows import Finding, Removal


def merged(
    rows: pl.DataFrame, spec: ModelSpec, *, show: Sequence[str] = ()
) -> tuple[pl.DataFrame, tuple[Removal, ...]]:
    """The rows that no other origin overrules, and what was left out.

    Examples tell the features, the target, the origin, and the columns of `show`. The rows must
    have all of these columns.
    """
    origin = spec.data.origin
    if origin is None:
        return rows, ()
    told = list(dict.fromkeys([*show, *spec.features, spec.target, origin.column]))
    removals = []
    for name, wrong in (("authority", _overruled), ("new_labels", _unknown)):
        named = getattr(origin, name)
        if named:
            bad = wrong(rows, origin, spec)
            condition = f"{name} = {[*named]}"
            removals.append(removal(f"origin.{name}", condition, rows.filter(bad).select(told)))
            rows = rows.filter(~bad)
    return rows, tuple(removals)


def counted(train: pl.DataFrame, origin: Origin | None) -> pl.DataFrame:
    """The training rows, each as often as its origin weighs, next to each other."""
    if origin is None or not origin.weight:
        return train
    names = pl.Series([*origin.weight])
    times = pl.col(origin.column).cast(pl.String)
    often = times.replace_strict(names, [*origin.weight.values()], default=1)
    places = pl.int_range(pl.len(), dtype=pl.UInt32).repeat_by(often.cast(pl.UInt32)).explode()
    return train[train.select(places).to_series()]


def findings(train: pl.DataFrame, spec: ModelSpec) -> tuple[Finding, ...]:
    """How often the training rows of each origin count; a warning of one that no row has."""
    origin = spec.data.origin
    return () if origin is None else tuple(_findings(train, origin))


def _findings(train: pl.DataFrame, origin: Origin) -> Iterator[Finding]:
    there = train[origin.column].cast(pl.String).value_counts(sort=True)
    rows = dict(there.iter_rows())
    for name in dict.fromkeys([*origin.weight, *origin.authority, *origin.new_labels]):
        if name not in rows:
            known = guess(name, filter(None, rows))
            told = f"`{origin.column}` is `{name}` in no training row.{known}"
            yield Finding(check="origin", severity="warn", message=told, column=origin.column)
    for name, weight in origin.weight.items():
        if name in rows and weight > 1:
            told = f"{rows[name]:,} training rows of `{name}` count {weight} times each"
            yield Finding(check="origin", severity="note", message=told, column=origin.column)


def _overruled(rows: pl.DataFrame, origin: Origin, spec: ModelSpec) -> pl.Series:
    """Rows of others with the same features as a row that has authority."""
    decides = _is_of(rows, origin, origin.authority) & rows[spec.target].is_not_null()
    features = list(spec.features)
    decided = rows.filter(decides).select(features).unique().with_columns(known=True)
    same = rows.select(features).join(
        decided, on=features, how="left", nulls_equal=True, maintain_order="left"
    )
    return same["known"].fill_null(value=False) & ~_is_of(rows, origin, origin.authority)


def _unknown(rows: pl.DataFrame, origin: Origin, spec: ModelSpec) -> pl.Series:
    """Rows of others with a label that none has who may bring labels."""
    brings = _is_of(rows, origin, origin.new_labels)
    known = rows.filter(brings)[spec.target].unique()
    strange = rows[spec.target].is_not_null() & ~rows[spec.target].is_in(known.implode())
    return strange & ~brings


def _is_of(rows: pl.DataFrame, origin: Origin, names: Sequence[str]) -> pl.Series:
    own = rows[origin.column].cast(pl.String)
    return own.is_in(pl.Series([*names], dtype=pl.String).implode()).fill_null(value=False)
