"""Which column of CSV without a row of names is which: the label first, then the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keepfit.config.schema.model import ModelSpec
from keepfit.errors import UserError
from keepfit.sagemaker.channels import Plan
from keepfit.sagemaker.hyper import Own
from keepfit.sagemaker.job import Channel
from keepfit.sagemaker.stage import SAY_HEADER, first_row, is_csv, named

TARGET = "target"  # what the label is called where nobody calls it anything


def has_header(channel: Channel, own: Own) -> bool:
    """Whether the channel's CSV files begin with a row of names; where nobody says: they do not."""
    return bool(own.header if channel.header is None else channel.header)


def proposed(plan: Plan, own: Own, table: Mapping[str, Any]) -> dict[str, Any]:
    """Target and features, where nobody names them: the label first, the others x1, x2, and so on;
    of rows with names, the column `target` and all others."""
    channel = next(iter(plan.sources.values()), None)
    if channel is None or {"target", "features"} <= table.keys():
        return {}
    names = own.columns or _names(channel, own, str(table.get("target", TARGET)))
    target = str(table.get("target") or (names[0] if own.columns else TARGET))
    found = {"target": target, "features": [name for name in names if name != target]}
    return {key: value for key, value in found.items() if key not in table}


def positional(spec: ModelSpec, own: Own) -> tuple[str, ...]:
    """The columns of CSV without names, in their order.

    UserError where the model reads columns that have no place in that order.
    """
    beside = (*spec.data.key, spec.data.time, spec.split.group, spec.split.column)
    others = [f"`{name}`" for name in beside if name not in {None, spec.target, *spec.features}]
    others += [f"data.{key}" for key in ("derive", "transform") if getattr(spec.data, key)]
    several = len(spec.data.sources) > 1
    if not several and (own.columns or not others):
        return own.columns or (spec.target, *spec.features)
    more = "several sources" if several else f"more: {', '.join(dict.fromkeys(others))}"
    name_all = "" if several else "name all columns with the hyperparameter keepfit.columns, or "
    raise UserError(
        f"model {spec.name}: CSV without a row of names holds the label, then the features, and "
        f"the model reads {more}",
        hint=name_all + SAY_HEADER,
    )


def _names(channel: Channel, own: Own, target: str) -> Sequence[str]:
    """The names of the columns in the channel's first file."""
    file = channel.files[0]
    name = named(file, channel)
    if is_csv(name):
        cells = first_row(file, channel)
        bare = not has_header(channel, own)
        return [target, *(f"x{i}" for i in range(1, len(cells)))] if bare else cells
    import polars as pl

    from keepfit.data.files.read import reading

    with reading(f"channel {channel.name}: {file.name}"):
        lines = name.endswith(("jsonl", "ndjson"))
        rows = pl.scan_ndjson(file) if lines else pl.scan_parquet(file, hive_partitioning=False)
        return rows.collect_schema().names()
