"""One reading of a value as another type, the same for files, databases and requests."""

from __future__ import annotations

import polars as pl

from keepfit.data.types.dtypes import family

_NAIVE = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
)
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_TRUE, _FALSE = ["true", "t", "yes", "1"], ["false", "f", "no", "0"]


def convert(name: str, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    """The column as `want`; null where its value cannot be read so. Empty text is null."""
    value = pl.col(name)
    if have == want:
        return value
    if family(have) == "text" and family(want) != "text":
        return _from_text(value.cast(pl.String).str.strip_chars(), want).alias(name)
    return _from_other(value, have, want).alias(name)


def unreadable(name: str, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    """Where the column has a value that `convert` cannot read."""
    value = pl.col(name)
    lost = value.is_not_null() & convert(name, have, want).is_null()
    if family(have) == "text":
        lost &= value.cast(pl.String).str.strip_chars() != ""
    return lost


def moment(name: str, dtype: pl.DataType) -> pl.Expr:
    """The time column as naive UTC in microseconds."""
    return convert(name, dtype, pl.Datetime("us"))


def _from_other(value: pl.Expr, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    if family(want) == "boolean":
        return pl.when(value == 1).then(True).when(value == 0).then(False)
    if want.is_integer() and have.is_float():
        return pl.when(value == value.floor()).then(value).cast(want, strict=False)
    if isinstance(want, pl.Datetime):
        return _to_datetime(value, have, want)
    if have.is_temporal() != want.is_temporal() and family(want) != "text":
        return pl.lit(None, dtype=want)  # a number is no date: which unit, since when?
    return value.cast(want, strict=False)


def _from_text(text: pl.Expr, want: pl.DataType) -> pl.Expr:
    match family(want):
        case "number" if want.is_integer():
            number = text.cast(pl.Float64, strict=False)
            whole = pl.when(number == number.floor()).then(number).cast(want, strict=False)
            return pl.coalesce(text.cast(want, strict=False), whole)
        case "boolean":
            word = text.str.to_lowercase()
            return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
        case "date":
            return text.str.to_date("%Y-%m-%d", strict=False)
        case "datetime":
            return _datetime_from_text(text, want)
        case _:
            return text.cast(want, strict=False)


def _datetime_from_text(text: pl.Expr, want: pl.DataType) -> pl.Expr:
    utc = [
        text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in _ZONED
    ]
    naive = [
        text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        for form in _NAIVE
    ]
    return _in_zone(pl.coalesce(*naive, *utc), want)


def _to_datetime(value: pl.Expr, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    if family(have) not in {"date", "datetime"}:
        return pl.lit(None, dtype=want)
    if getattr(have, "time_zone", None):
        return _in_zone(value.dt.convert_time_zone("UTC"), want)
    naive = value.cast(pl.Datetime("us"))
    return _in_zone(naive.dt.replace_time_zone("UTC"), want)


def _in_zone(utc: pl.Expr, want: pl.DataType) -> pl.Expr:
    # A time without a zone is read as UTC, and a zone is dropped by way of UTC.
    zone = getattr(want, "time_zone", None)
    placed = utc.dt.convert_time_zone(zone) if zone else utc.dt.replace_time_zone(None)
    return placed.cast(want, strict=False)
