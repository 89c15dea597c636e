"""A forecast that goes on from newer rows than those it was trained on; nothing is learned anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from keepfit.data.files.sources import find
from keepfit.digest import Digest, digest_of
from keepfit.errors import DataRefused, UserError, guess

if TYPE_CHECKING:
    import polars as pl

    from keepfit.kinds.base import Observing
    from keepfit.train.predictor import Predictor


def seen(patterns: str | Sequence[str], root: Path) -> Digest:
    """What the files look like now: another one once a file is there, is gone, or was written."""
    stats = [(str(path), path.stat()) for path in files_of(patterns, root)]
    return digest_of([(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats])


def files_of(patterns: str | Sequence[str], root: Path) -> list[Path]:
    """The files that are named, local ones, in the order of the patterns, of which the later one
    counts where both tell of a step; UserError where there are none."""
    found: dict[Path, None] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        found |= dict.fromkeys(_local(pattern, root))
    return list(found)


def _local(pattern: str, root: Path) -> list[Path]:
    try:
        found = [one.path for one in find("observe", pattern, root)]
    except UserError as error:
        raise UserError(
            str(error), hint="correct --observe or serve.observe, or bring the file there"
        ) from error
    if None in found:
        raise UserError(f"observe {pattern} lies in a bucket; expected files of this machine")
    return [path for path in found if path]


def observing(predictor: Predictor, patterns: str | Sequence[str], root: Path) -> Predictor:
    """The predictor of a forecast, at the end of what it was trained on and of the files' rows.

    They have the columns of the training, the target among them; rows without a target are left
    out, unless they tell what is known of steps to come (`series.dynamic`). UserError for a model
    that forecasts nothing; DataRefused for rows that cannot be read, and where steps are missing.
    """
    if predictor.series is None:
        raise UserError(
            f"{predictor.version} forecasts no series: there is nothing to observe",
            hint="leave out observe",
        )
    rows = _rows(predictor, patterns, root)
    known = predictor.observed(rows).with_columns(rows[predictor.target])
    fitted = cast("Observing", predictor.fitted).observe(known)
    return replace(predictor, fitted=fitted)


def _rows(predictor: Predictor, patterns: str | Sequence[str], root: Path) -> pl.DataFrame:
    import polars as pl

    from keepfit.data.files.incoming import scan_incoming
    from keepfit.data.files.read import reading
    from keepfit.data.types.conform import REASON, conform
    from keepfit.records.rows import Column

    dynamic = predictor.series.dynamic if predictor.series else ()
    raw = [name for name in dynamic if name not in predictor.data.derive]
    wanted = (
        *predictor.schema,
        *(Column(name=name, dtype="Float64") for name in (*raw, predictor.target)),
    )
    read = []
    for path in files_of(patterns, root):
        with reading(str(path)):
            rows = scan_incoming(path).collect()
        if dynamic and predictor.target not in rows.columns:  # it tells of steps to come alone
            rows = rows.with_columns(pl.lit(None, pl.Float64).alias(predictor.target))
        rows = rows.with_columns(_plain(rows[name]) for name in raw if name in rows.columns)
        lost = [column.name for column in wanted if column.name not in rows.columns]
        if lost:
            raise UserError(f"{path} has no column `{lost[0]}`.{guess(lost[0], rows.columns)}")
        told = conform(rows, wanted).collect()
        if why := told[REASON].drop_nulls().to_list():
            raise DataRefused(f"{path}: {len(why):,} rows cannot be read; the first: {why[0]}")
        # what rules read for the columns of `series.dynamic`, as a source's file is read
        beside = _beside(predictor, told) if dynamic else []
        typed = [name for name in beside if name not in predictor.data.types]
        told = told.with_columns(_plain(told[name]) for name in typed)
        read.append(told.select(*(column.name for column in wanted), *beside))
    rows = pl.concat(read, how="vertical_relaxed")
    return rows if dynamic else rows.drop_nulls(predictor.target)


def _plain(values: pl.Series) -> pl.Series:
    """Text of numbers, or of true and false (1 and 0), as numbers: a CSV file tells no types."""
    import polars as pl

    if values.dtype == pl.Boolean:
        return values.cast(pl.Float64)
    if values.dtype != pl.String:
        return values
    text = values.str.strip_chars().str.to_lowercase().replace("", None)
    words = text.replace({"true": "1", "false": "0"})
    numbers = words.cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() == text.null_count() else values


def _beside(predictor: Predictor, rows: pl.DataFrame) -> list[str]:
    """The further columns that are needed to observe rows."""
    from keepfit.data.columns.features import input_columns
    from keepfit.data.types.dtypes import columns_of

    known = {*(column.name for column in predictor.schema), predictor.target}
    columns = columns_of(rows.schema)
    needed = input_columns(columns, predictor.data, predictor.reads, predictor.target)
    named = set(predictor.reads)
    return [c.name for c in needed if c.name not in known | named and not c.name.startswith("__")]
