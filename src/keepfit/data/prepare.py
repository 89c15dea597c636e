"""From a snapshot to rows that a model can learn from and be judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl
import polars.selectors as cs

from keepfit.config.schema.model import ModelSpec
from keepfit.data.checking.check import check
from keepfit.data.checking.findings import of_cut
from keepfit.data.columns import origin, texts
from keepfit.data.columns.features import Transform, input_columns
from keepfit.data.files.read import reading
from keepfit.data.files.rows import PathOf, rows_of, rows_of_source
from keepfit.data.files.sources import HOLDOUT
from keepfit.data.make import RAW, Making, kept, make, shown
from keepfit.data.marks import unanswered, unmarked
from keepfit.data.series import scales
from keepfit.data.splitting.keys import Keys, row_keys
from keepfit.data.splitting.split import Split, cut, has_target
from keepfit.data.types.dtypes import columns_of
from keepfit.records.rows import Column, Finding, Removal, Snapshot


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows ready to learn from and to judge on, and all that was found on the way."""

    split: Split
    removals: tuple[Removal, ...]  # what the clean rules took
    findings: tuple[Finding, ...]  # what the checks found; nobody has refused anything yet
    bad: pl.DataFrame  # the rows to blame, with a column `reason`
    schema: tuple[Column, ...]  # the raw columns that a prediction wants
    columns: tuple[Column, ...]  # all raw columns but the target
    # Of rows too many for memory the split's train and validation have few columns, and no more
    # than these of the training rows have all.
    sample: pl.DataFrame | None = None

    def raw(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the split as they came in, before derive and transform, without the target."""
        return _raw_of(rows, self.columns)

    def past(self, target: str) -> pl.DataFrame:
        """All rows but those that judge as they came in, with the target that they have now."""
        rows = pl.concat([self.split.train, self.split.unasked])
        return self.raw(rows).with_columns(rows[target])


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows as training sees them, cut into nothing."""

    rows: pl.DataFrame  # derived, cleaned, transformed; their target is known
    keys: Keys  # a key a row, in their order
    columns: tuple[Column, ...]  # all raw columns but the target
    unread: int = 0  # of these, those whose texts have no answer: nothing is learned from them

    def raw(self) -> pl.DataFrame:
        """The same rows as they came in, before derive and transform, without the target."""
        return _raw_of(self.rows, self.columns)


def prepare(  # noqa: PLR0913 - one sentence, and the world it is said in
    snapshot: Snapshot,
    spec: ModelSpec,
    path: PathOf,
    *,
    root: Path | None = None,
    transform: Transform | None = None,
    previous: Sequence[Column] | None = None,
    now: datetime | None = None,
    seen: Keys | None = None,
) -> Prepared:
    """The snapshot's rows read, derived, cleaned, transformed, checked and cut.

    Derive comes before clean, so that clean rules may speak of derived columns. Every raw and
    derived column stays beside what the transform made, for slices and own metrics. A row is named
    by `data.key`, else by all its raw columns. Without `now` nobody asks how fresh the rows are.
    `seen` are keys of rows that are learned from no more: see `split.cut`.

    UserError where the file names a column that is not there or an expression does not work,
    DataRefused where nothing can be learned. Findings are told, not raised: see `check.refuse`.
    """
    making = Making(spec, transform, root)
    raw = _read(snapshot, spec, path)
    judged = _read_holdout(snapshot, spec, path)
    columns = columns_of(raw.schema)
    rows, removals = make(raw, making)
    rows, overruled = origin.merged(rows, spec, show=spec.data.key)
    file_rows, more = make(judged, making) if judged is not None else (None, ())
    together = _answered(pl.concat([rows, *_there(file_rows)], how="diagonal_relaxed"))
    checked = check(together, spec, columns=columns, previous=previous, now=now)
    key = key_of(raw, rows, spec)
    until = datetime.fromisoformat(snapshot.until) if snapshot.until else None
    split = cut(rows, spec, file_rows=file_rows, key=key, until=until, seen=seen)
    split = _measured(split, spec)
    return Prepared(
        split=split,
        removals=(*_unread(split, spec), *added(removals, more), *overruled),
        findings=(
            *checked.findings,
            *of_cut(split, snapshot, spec, goes_on=seen is not None),
            *origin.findings(split.train, spec),
            *_unasked(split, spec),
        ),
        bad=checked.bad.drop(cs.starts_with(RAW)),
        schema=input_columns(columns, spec.data, spec.features, spec.target),
        columns=inputs_of(raw, spec),
    )


def ready(
    snapshot: Snapshot,
    spec: ModelSpec,
    path: PathOf,
    *,
    root: Path | None = None,
    transform: Transform | None = None,
) -> Ready:
    """The snapshot's rows whose target is known, made ready as `prepare` does, but not cut."""
    raw = _read(snapshot, spec, path)
    made, _ = make(raw, Making(spec, transform, root))
    marked = made.filter(has_target(made, spec.target))
    rows, unread = unmarked(marked), unanswered(marked)
    keys = row_keys(rows, key_of(raw, rows, spec))
    return Ready(rows, keys, inputs_of(raw, spec), 0 if unread is None else int(unread.sum()))


def _measured(split: Split, spec: ModelSpec) -> Split:
    """With what the errors of a forecast are measured in."""
    if spec.series is None:
        return split
    scale = scales(split.holdout, split.train, spec)
    return replace(split, holdout=split.holdout.with_columns(scale))


def _unasked(split: Split, spec: ModelSpec) -> tuple[Finding, ...]:
    if not (count := split.report.unasked):
        return ()
    message = (
        f"{count:,} steps judge nothing: their series had none at the cut-off before them, or its "
        f"last was more than {spec.series and spec.series.horizon} steps away"
    )
    return (Finding(check="series", severity="note", message=message, rows=count),)


def key_of(raw: pl.DataFrame, rows: pl.DataFrame, spec: ModelSpec) -> tuple[str, ...]:
    """The columns of `rows` that name a row: what they were before derive and transform."""
    return tuple(kept(name, rows.columns) for name in spec.data.key or sorted(raw.columns))


def inputs_of(raw: pl.DataFrame, spec: ModelSpec) -> tuple[Column, ...]:
    """All raw columns but the target."""
    return tuple(column for column in columns_of(raw.schema) if column.name != spec.target)


def _raw_of(rows: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    names = [column.name for column in columns]
    return rows.select([pl.col(kept(name, rows.columns)).alias(name) for name in names])


def _read(snapshot: Snapshot, spec: ModelSpec, path: PathOf) -> pl.DataFrame:
    rows = rows_of(snapshot, spec.data, path)
    with reading("the snapshot"):
        return rows.collect()


def _read_holdout(snapshot: Snapshot, spec: ModelSpec, path: PathOf) -> pl.DataFrame | None:
    if spec.split.how != "file":
        return None
    with reading(spec.split.file or ""):
        return rows_of_source(snapshot, HOLDOUT, spec.data, path).collect()


def _answered(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows but for those whose texts have no answer."""
    unread = unanswered(rows)
    return rows if unread is None else unmarked(rows).filter(pl.Series(~unread))


def _unread(split: Split, spec: ModelSpec) -> list[Removal]:
    """What each rule of texts took from what is learned from."""
    if split.unread is None:
        return []
    return texts.removals(split.unread, spec.data.text, raw=RAW, show=shown(spec))


def _there(rows: pl.DataFrame | None) -> list[pl.DataFrame]:
    return [] if rows is None else [rows]


def added(removals: Sequence[Removal], more: Sequence[Removal]) -> tuple[Removal, ...]:
    """What the same rules took from two tables."""
    if not more:
        return tuple(removals)
    return tuple(
        msgspec.structs.replace(a, rows=a.rows + b.rows, examples=(a.examples + b.examples)[:3])
        for a, b in zip(removals, more, strict=True)
    )
