"""Rows that somebody wants predicted: read so that one bad value costs one row, not the file."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from keepfit.data.files.read import reading
from keepfit.data.files.series_files import read_tsf
from keepfit.data.files.sources import format_of
from keepfit.errors import UserError


def scan_incoming(path: Path) -> pl.LazyFrame:
    """The rows of a CSV, JSON-lines or Parquet file, told by its name.

    Text formats without types of their own come as text; `conform` reads each value by itself.
    UserError if there is no such file or its name tells nothing, SourceError if it is damaged.
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    kind, _ = format_of(path.name, series=True)
    with reading(str(path)):
        if kind in {"csv", "tsv"}:
            separator = "\t" if kind == "tsv" else ","
            rows = pl.scan_csv(path, separator=separator, infer_schema=False, glob=False)
        elif kind == "jsonl":
            rows = pl.scan_ndjson(path, infer_schema_length=None)
        elif kind == "tsf":
            rows = read_tsf(path, path.name).lazy()
        else:
            rows = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        rows.collect_schema()
    return rows
