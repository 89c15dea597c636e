"""A file of rows as a lazy frame of known types, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from polars.exceptions import NoDataError, PanicException, PolarsError

from keepfit.data.files.series_files import from_deepar, holds_series, read_tsf
from keepfit.data.types import casts, dtypes
from keepfit.durations import Duration
from keepfit.errors import SourceError, UserError, guess
from keepfit.records.rows import Part

_LOOKS_LIKE_TIME = r"^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?\s*$"
_PADDED = r"^\s*[+-]?0\d"
_SAMPLE = 200  # rows whose text is looked at before a whole column is tried as dates


def scan(part: Part, path: Path, want: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """The rows of a described part in `want`'s columns, order and types."""
    with reading(part.uri):
        rows, have = _raw(part, path, dtypes.schema_of(part.columns))
    return rows.select([casts.convert(name, have[name], dtype) for name, dtype in want.items()])


def describe(part: Part, path: Path) -> Part:
    """The part with its rows, columns and time range filled in from the file.

    Types come from the whole file, so that no late row surprises anybody; text that reads as
    dates or times throughout becomes so. SourceError if the file cannot be read, UserError if a
    column is not what `data.types` says, or if the time column is missing or holds no times.
    """
    with reading(part.uri):
        rows, have = _raw(part, path, None)
        want = have | _known_only(dtypes.declared(part.types), have)
        want |= _times_in_text(rows, {n: t for n, t in have.items() if n not in part.types}, part)
        facts = rows.select(_facts(have, want)).collect(engine="streaming").row(0, named=True)
    _refuse_unreadable(part, want, facts)
    final = {name: _final(name, dtype, facts, part) for name, dtype in want.items()}
    part = msgspec.structs.replace(
        part,
        rows=facts["rows"],
        columns=dtypes.columns_of(final),
        zeros=_zeros(part, path, final),
    )
    return _with_times(part, path, final)


@contextmanager
def reading(uri: str) -> Iterator[None]:
    """Turns what polars says about a file into a SourceError that names the file."""
    try:
        yield
    except NoDataError as error:
        raise SourceError(f"{uri} is empty", hint="bring the file again, or remove it") from error
    except (PolarsError, PanicException, OSError, UnicodeError) as error:
        raise SourceError(
            f"{uri} cannot be read: {in_short(error)}",
            hint="the file may be damaged or cut off: bring it again, or leave it out",
        ) from error


def in_short(error: BaseException) -> str:
    """The first sentence of what polars says, without its query plan."""
    return str(error).strip().split("\n", 1)[0].rstrip(".:")


def _raw(
    part: Part, path: Path, known: Mapping[str, pl.DataType] | None
) -> tuple[pl.LazyFrame, dict[str, pl.DataType]]:
    if part.format in {"csv", "tsv"}:
        rows = _scan_csv(part, path, known)
    elif part.format == "jsonl":
        rows = pl.scan_ndjson(path, infer_schema_length=None)
        if holds_series(rows.collect_schema()):
            span = Duration.parse(part.frequency) if part.frequency else None
            rows = from_deepar(rows.collect(), span, part.uri).lazy()
    elif part.format == "tsf":
        rows = read_tsf(path, part.uri).lazy()
    else:
        rows = pl.scan_parquet(path, hive_partitioning=False, glob=False)
    return rows, dict(rows.collect_schema())


def _scan_csv(part: Part, path: Path, known: Mapping[str, pl.DataType] | None) -> pl.LazyFrame:
    options: dict[str, Any] = {"separator": "\t" if part.format == "tsv" else ",", "glob": False}
    as_text = {name: pl.String() for name in part.types}
    if known is None:
        names = pl.scan_csv(path, infer_schema=False, **options).collect_schema()
        overrides = _known_only(as_text, names)
        return pl.scan_csv(path, infer_schema_length=None, schema_overrides=overrides, **options)
    plain = {name: _as_csv_spells_it(dtype) for name, dtype in known.items()}
    return pl.scan_csv(path, schema=plain | _known_only(as_text, known), **options)


def _as_csv_spells_it(dtype: pl.DataType) -> pl.DataType:
    return dtype if dtype.is_numeric() or dtype == pl.Boolean else pl.String()


def _known_only(
    types: Mapping[str, pl.DataType], known: Mapping[str, pl.DataType]
) -> dict[str, pl.DataType]:
    return {name: dtype for name, dtype in types.items() if name in known}


def _times_in_text(
    rows: pl.LazyFrame, have: Mapping[str, pl.DataType], part: Part
) -> dict[str, pl.DataType]:
    text = [name for name, dtype in have.items() if dtype == pl.String]
    if part.format == "parquet" or not text:
        return {}
    sample = rows.select(text).head(_SAMPLE).collect()
    looks = [name for name in text if _looks_like_time(sample[name].drop_nulls())]
    tries = {(name, kind): _reads_as(name, kind) for name in looks for kind in _TIMES}
    if not tries:
        return {}
    answers = rows.select([expr.alias(f"{i}") for i, expr in enumerate(tries.values())]).collect(
        engine="streaming"
    )
    fits = [key for key, fit in zip(tries, answers.row(0), strict=True) if fit]
    return {name: _TIMES[kind] for name, kind in reversed(fits)}


_TIMES: dict[str, pl.DataType] = {
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "zoned": pl.Datetime("us", "UTC"),
}


def _looks_like_time(sample: pl.Series) -> bool:
    return len(sample) > 0 and bool(sample.str.contains(_LOOKS_LIKE_TIME).all())


def _reads_as(name: str, kind: str) -> pl.Expr:
    lost = casts.unreadable(name, pl.String(), _TIMES[kind]).any()
    zoned = pl.col(name).str.contains(r"(Z|[+-]\d\d:?\d\d)\s*$").any()
    return ~lost & zoned if kind == "zoned" else ~lost & ~zoned


def _facts(have: Mapping[str, pl.DataType], want: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    changed = [name for name in want if have[name] != want[name]]
    bad = {
        name: pl.col(name).filter(casts.unreadable(name, have[name], want[name]))
        for name in changed
    }
    return [
        pl.len().alias("rows"),
        *(pl.col(name).is_null().all().alias(f"empty {name}") for name in want),
        *(rows.first().cast(pl.String).alias(f"bad {name}") for name, rows in bad.items()),
    ]


def _refuse_unreadable(
    part: Part, want: Mapping[str, pl.DataType], facts: Mapping[str, Any]
) -> None:
    for name in want:
        if (value := facts.get(f"bad {name}")) is not None:
            raise UserError(
                f"data.types.{name} is '{part.types[name]}', but {part.uri} has '{value}' there: "
                f"expected {dtypes.in_words(want[name])}"
            )


def _final(name: str, dtype: pl.DataType, facts: Mapping[str, Any], part: Part) -> pl.DataType:
    # An empty CSV column says nothing of its type: the other files may know it.
    guessed = part.format != "parquet" and name not in part.types
    return pl.Null() if guessed and dtype == pl.String and facts[f"empty {name}"] else dtype


def _zeros(part: Part, path: Path, final: Mapping[str, pl.DataType]) -> dict[str, str]:
    """A value with a zero before its first digit, by whole-number column of text: it is lost."""
    whole = [n for n, dtype in final.items() if dtype.is_integer() and n not in part.types]
    if part.format not in {"csv", "tsv"} or not whole:
        return {}
    as_text: dict[str, pl.DataType] = {name: pl.String() for name in whole}
    padded = [pl.col(n).filter(pl.col(n).str.contains(_PADDED)).first() for n in whole]
    with reading(part.uri):
        rows = _scan_csv(part, path, {**final, **as_text}).select(padded)
        found = rows.collect(engine="streaming").row(0, named=True)
    return {name: value.strip() for name, value in found.items() if value is not None}


def _with_times(part: Part, path: Path, final: Mapping[str, pl.DataType]) -> Part:
    if part.time is None or part.time not in final:
        return part
    dtype = final[part.time]
    if dtypes.family(dtype) not in {"date", "datetime", "empty"}:
        raise UserError(
            f"data.time is `{part.time}`, which is {dtypes.in_words(dtype)} in {part.uri}; "
            "expected dates or times",
            hint=f'say data.types = {{ {part.time} = "datetime" }} if its text is of that form',
        )
    when = casts.moment(part.time, dtype)
    with reading(part.uri):
        ends = scan(part, path, final).select(when.min().alias("a"), when.max().alias("b"))
        first, last = ends.collect(engine="streaming").row(0)
    return msgspec.structs.replace(
        part,
        time_from=first and first.isoformat(),
        time_to=last and last.isoformat(),
    )


def missing_column(place: str, name: str, known: Mapping[str, Any] | list[str]) -> UserError:
    """The error for a column that is not there, with a guess."""
    return UserError(
        f"{place} names the column `{name}`, which is not there.{guess(name, list(known))}"
    )
