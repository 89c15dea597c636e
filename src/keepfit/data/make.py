"""Raw rows to rows with features: derived, cleaned and transformed, with what was removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import polars.selectors as cs

from keepfit.config.schema.model import ModelSpec
from keepfit.data.columns import texts
from keepfit.data.columns.clean import clean
from keepfit.data.columns.features import Transform, derive
from keepfit.data.columns.features import transform as transform_rows
from keepfit.data.marks import unmarked
from keepfit.data.splitting import slices
from keepfit.errors import UserError, guess
from keepfit.records.rows import Removal

_COLUMNS = "columns come from the source, data.derive and data.transform"
RAW = "__raw."  # before the name of a raw column that derive or transform wrote over


@dataclass(frozen=True, slots=True)
class Making:
    """How raw rows become rows with features."""

    spec: ModelSpec
    transform: Transform | None
    root: Path | None


def make(raw: pl.DataFrame, making: Making) -> tuple[pl.DataFrame, tuple[Removal, ...]]:
    """Raw rows to rows with features, and what was removed.

    Rows whose texts have no answer are marked: nothing is to be learned from them.
    """
    spec, place = making.spec, f"model.{making.spec.name}.data"
    changed = [name for name in (*spec.data.derive, *spec.data.text) if name in raw.columns]
    given = _keep(raw, raw, list(dict.fromkeys(changed)))
    derived = derive(given.lazy(), spec.data.derive, where=f"{place}.derive")
    before = transform_rows(derived, None, where=f"{place}.derive")
    read = texts.cleaned(before, spec.data.text, where=f"{place}.text")
    cleaned, removals = clean(read, spec.data.clean, show=shown(spec), where=f"{place}.clean")
    rows = _transformed(cleaned, raw.columns, making)
    _refuse_unknown_columns(rows, spec)
    return rows, removals


def shown(spec: ModelSpec) -> list[str]:
    """The columns that say which row an example is."""
    return [*spec.data.key, *filter(None, [spec.data.time])]


def _transformed(rows: pl.DataFrame, raw: Sequence[str], making: Making) -> pl.DataFrame:
    if making.transform is None:
        return rows
    spec = making.spec
    # Neither is there in serving: a transform that needs one fails now.
    hidden = [spec.target, *([spec.data.origin.column] if spec.data.origin else [])]
    given = unmarked(rows).lazy()
    given = given.drop(cs.starts_with(RAW) | cs.by_name(hidden, require_all=False))
    place = f"model.{spec.name}.data.transform"
    made = transform_rows(given, making.transform, where=place, root=making.root)
    changed = [name for name in raw if name in made.columns and not made[name].equals(rows[name])]
    lost = [name for name in rows.columns if name not in made.columns]
    return _keep(made.hstack(rows.select(lost)), rows, changed)


def _keep(rows: pl.DataFrame, raw: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The rows with raw columns beside those that were, or will be, written over them."""
    return rows.with_columns(
        [raw[name].alias(RAW + name) for name in names if RAW + name not in rows.columns]
    )


def kept(name: str, columns: Sequence[str]) -> str:
    return RAW + name if RAW + name in columns else name


def _refuse_unknown_columns(rows: pl.DataFrame, spec: ModelSpec) -> None:
    for place, name in named_columns(spec):
        if name not in rows.columns:
            raise UserError(
                f"model.{spec.name}.{place} {no_column(name, rows.columns)}",
                hint=_COLUMNS,
            )
    for i, written in enumerate(spec.gate.slices):
        if wrong := slices.type_problem(written, rows.schema):
            raise UserError(f"model.{spec.name}.gate.slices[{i}] {wrong}", hint=_COLUMNS)


def no_column(name: str, known: Iterable[str]) -> str:
    """What is said of a column that the file names and the rows have not, with a guess."""
    return f"is `{name}`, which is no column of the rows.{guess(name, known)}"


def named_columns(spec: ModelSpec) -> Iterator[tuple[str, str]]:
    """(place below the model, column) of every column that the file names; slices are apart."""
    yield "target", spec.target
    for place, names in (
        ("features", spec.features),
        ("series.dynamic", spec.series.dynamic if spec.series else ()),
        ("data.key", spec.data.key),
        ("gate.cluster", spec.gate.cluster),
        ("gate.baseline.by", () if isinstance(spec.gate.baseline, str) else spec.gate.baseline.by),
        ("encode.categorical", spec.encode.categorical),
    ):
        yield from ((f"{place}[{i}]", name) for i, name in enumerate(names))
    yield from ((f"data.text.{name}", name) for name in spec.data.text)
    for place, named in (
        ("data.time", spec.data.time),
        ("data.origin.column", spec.data.origin and spec.data.origin.column),
        ("split.group", spec.split.group),
        ("split.column", spec.split.column),
    ):
        if named:
            yield place, named
