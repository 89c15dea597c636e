"""Files of a series a line as rows of a series and a time: Monash's .tsf, DeepAR's JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from keepfit.data.types.casts import convert
from keepfit.durations import Duration
from keepfit.errors import SourceError, UserError

TIME, VALUE, ITEM = "time", "value", "item"
_START = "start_timestamp"
_FREQUENCIES = {
    "minutely": "1 minute",
    "hourly": "1 hour",
    "half_hourly": "30 minutes",
    "daily": "1 day",
    "weekly": "1 week",
    "monthly": "1 month",
    "quarterly": "1 quarter",
    "yearly": "1 year",
    **{f"{n}_minutes": f"{n} minutes" for n in (5, 10, 15, 20, 30)},
}
_STAMP = "%Y-%m-%d %H-%M-%S"


def read_tsf(path: Path, uri: str) -> pl.DataFrame:
    """The attributes of each series, `time` and `value`, a row a step; a `?` is null.

    Godahewa and others (2021), the Monash Time Series Forecasting Archive. SourceError with the
    line that is none of the format.
    """
    lines = _lines(path)
    head = _header(lines, uri)
    names, frequency = head
    kept = ~pl.col("line").str.contains(r"^\s*([#@]|$)")
    rows = lines.filter(kept).with_columns(part=pl.col("line").str.split(":"))
    wrong = rows.filter(pl.col("part").list.len() != len(names) + 1)
    if wrong.height:
        number, line = wrong.row(0)[:2]
        raise SourceError(
            f"{uri}, line {number}: {line[:40]!r} has {line.count(':')} colons; expected "
            f"{len(names)}, behind {', '.join(names)}"
        )
    told = [pl.col("part").list.get(at).alias(name) for at, name in enumerate(names)]
    values = pl.col("part").list.last().str.split(",").alias(VALUE)
    series = rows.select(pl.col("number"), *told, values)
    start = pl.col(_START).str.strip_chars()
    begun = start.str.to_datetime(_STAMP, strict=False, time_unit="us")
    begun = begun.fill_null(convert(_START, pl.String(), pl.Datetime("us")))
    series = series.with_columns(begun.alias(_START))
    _refuse(series, pl.col(_START).is_null(), uri, f"has no {_START} that can be read")
    number = pl.col(VALUE).str.strip_chars().cast(pl.Float64, strict=False)
    steps = _steps(series, VALUE, _START, frequency)
    read = steps.with_columns(number.alias("read"))
    unread = pl.col("read").is_null() & ~pl.col(VALUE).str.contains(r"^\s*\??\s*$")
    _refuse(read, unread, uri, "has a value that is no number")
    others = [name for name in names if name != _START]
    return read.select(*others, TIME, pl.col("read").fill_nan(None).alias(VALUE))


def _lines(path: Path) -> pl.DataFrame:
    """Every line with its number; polars unpacks what is compressed."""
    read = pl.read_csv(
        path,
        separator="\x01",
        quote_char=None,
        has_header=False,
        new_columns=["line"],
        infer_schema=False,
        encoding="utf8-lossy",
        glob=False,
    )
    return read.fill_null("").with_row_index("number", offset=1).select("number", "line")


def _header(lines: pl.DataFrame, uri: str) -> tuple[list[str], Duration]:
    said = lines.filter(pl.col("line").str.starts_with("@"))["line"].to_list()
    words = [line.split() for line in said]
    names = [word[1] for word in words if word[0].lower() == "@attribute" and len(word) > 1]
    named = next((w[1] for w in words if w[0].lower() == "@frequency" and len(w) > 1), "")
    if _START not in names:
        raise SourceError(
            f"{uri} has no @attribute {_START}: nobody can say when its steps are",
            hint="add it, with a time a series",
        )
    if named.lower() not in _FREQUENCIES:
        known = ", ".join(_FREQUENCIES)
        raise SourceError(f"{uri}: @frequency is {named!r}; expected one of {known}")
    return names, Duration.parse(_FREQUENCIES[named.lower()])


def _refuse(rows: pl.DataFrame, bad: pl.Expr, uri: str, why: str) -> None:
    wrong = rows.filter(bad)
    if wrong.height:
        raise SourceError(f"{uri}, line {wrong['number'][0]} {why}")


def holds_series(schema: Mapping[str, pl.DataType]) -> bool:
    """Whether JSON lines are series as DeepAR has them: a start, and a list of values."""
    return isinstance(schema.get("target"), pl.List) and "start" in schema


def from_deepar(lines: pl.DataFrame, frequency: Duration | None, uri: str) -> pl.DataFrame:
    """`item` (the line's number), `time`, `target`, `cat_0` …, `dynamic_feat_0` …: a row a step.

    Where `dynamic_feat` tells of later steps than the target, these are rows without one. The file
    does not say how far its steps are apart. UserError where nobody does, SourceError with
    the line that is no series. Other keys of a line are carried along.
    """
    if frequency is None:
        raise UserError(
            f"{uri} holds a series a line, and nobody says how far its steps are apart",
            hint='say it in the model: [model.NAME.series] frequency = "1 hour", horizon = …',
        )
    rows = lines.with_row_index(ITEM).with_columns(number=pl.col(ITEM) + 1)
    begun = convert("start", lines.schema["start"], pl.Datetime("us"))
    rows = rows.with_columns(begun.alias("start"))
    _refuse(rows, pl.col("start").is_null(), uri, "has no start that can be read")
    spread = [
        pl.col(name).list.get(at, null_on_oob=True).alias(f"{name}_{at}")
        for name in ("cat", "dynamic_feat")
        if isinstance(lines.schema.get(name), pl.List)
        for at in range(max(lines[name].list.len().fill_null(0), default=0))
    ]
    rows = rows.with_columns(spread).drop("cat", "dynamic_feat", strict=False)
    dynamic = [name for name in rows.columns if name.startswith("dynamic_feat_")]
    for name in dynamic:
        short = pl.col(name).list.len() < pl.col("target").list.len()
        _refuse(rows, short, uri, f"has fewer steps in {name.replace('_', ' ')} than in target")
    rows = rows.with_columns(_as_long(["target", *dynamic]))
    others = [n for n in rows.columns if n not in {"start", "target", "number"}]
    steps = _steps(rows, ["target", *dynamic], "start", frequency)
    value = pl.col("target").cast(pl.Float64, strict=False).fill_nan(None)
    first = [ITEM, TIME, "target"]
    return steps.with_columns(value).select(*first, *(n for n in others if n != ITEM))


def _as_long(names: list[str]) -> list[pl.Expr]:
    """Lists of a row as long as the longest of them, null at their ends."""
    longest = pl.max_horizontal(pl.col(name).list.len() for name in names)
    return [pl.col(name).list.gather(pl.int_ranges(longest), null_on_oob=True) for name in names]


def _steps(
    rows: pl.DataFrame, values: str | list[str], start: str, frequency: Duration
) -> pl.DataFrame:
    """A row a value, with the time of each."""
    first = values if isinstance(values, str) else values[0]
    count = pl.int_ranges(pl.col(first).list.len()).alias("__at")
    long = rows.with_columns(count).explode("__at", *([values] if values == first else values))
    at = pl.col("__at")
    if frequency.months is not None:
        time = pl.col(start).dt.offset_by(pl.format("{}mo", at * frequency.months))
    else:
        time = pl.col(start) + pl.duration(microseconds=at * frequency.microseconds)
    return long.filter(at.is_not_null()).with_columns(time.alias(TIME))
