"""Splits from which nothing can be learned or judged, refused with what to do."""

from __future__ import annotations

import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.errors import DataRefused
from keepfit.records.rows import SplitReport


def refuse_no_target(rows: pl.DataFrame, there: pl.DataFrame, spec: ModelSpec) -> None:
    """DataRefused unless some of the rows are `there`: have a target."""
    if there.height:
        return
    told = f"all {rows.height:,} rows have null there" if rows.height else "there are no rows"
    raise DataRefused(
        f"model `{spec.name}` cannot learn the target `{spec.target}`: {told}",
        hint="look at the source, at data.clean and at data.window",
    )


def refuse_useless(
    train: pl.DataFrame, holdout: pl.DataFrame, spec: ModelSpec, report: SplitReport
) -> None:
    """DataRefused where nothing can be learned or nothing can be judged."""
    for name, rows in (("training", train), ("holdout", holdout)):
        if not rows.height:
            raise _empty(name, spec, report)
    if (train[spec.target] == train[spec.target][0]).all():
        raise DataRefused(
            f"model `{spec.name}` has nothing to learn: the target `{spec.target}` is "
            f"{train[spec.target][0]!r} in all {train.height:,} training rows",
            hint="look at the source and at data.clean; a classifier needs two classes",
        )


def _empty(name: str, spec: ModelSpec, report: SplitReport) -> DataRefused:
    where = f" (the holdout begins at {report.cut})" if report.cut else ""
    shared = f"; {report.shared:,} rows have keys that holdout rows have" if report.shared else ""
    if report.known and not report.train:
        return DataRefused(
            f"model `{spec.name}` has nothing new to learn: the champion has learned from each of "
            f"the {report.known:,} training rows{where}",
            hint='bring new rows, or train from scratch: train = "window" or "all"',
        )
    return DataRefused(
        f"model `{spec.name}` has no {name} rows with a target{where}: train {report.train:,}, "
        f"validation {report.validation:,}, holdout {report.holdout:,}{shared}",
        hint=f"choose another model.{spec.name}.split, or bring more rows",
    )
