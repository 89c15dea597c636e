"""Times as numbers of steps, and rows as series of them: one value a step, none left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from keepfit.config.schema.series import Series
from keepfit.data.types.casts import moment
from keepfit.durations import Duration
from keepfit.errors import DataRefused, UserError

Floats = NDArray[np.float64]
Id = tuple[str, ...]  # the values of the columns that name a series, as text

STEP, PHASE, VALUE = "__step", "__phase", "__value"


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of the steps of a series beside its values, be they past or to come."""

    steps: NDArray[np.int64]  # rising
    values: Floats  # (steps, columns of series.dynamic)

    @classmethod
    def nothing(cls, series: Series) -> Given:
        """Of no step."""
        return cls(np.empty(0, np.int64), np.empty((0, len(series.dynamic))))


@dataclass(frozen=True, slots=True)
class History:
    """What was observed of a series, a value a step."""

    first: int  # the number of its first step
    phase: int  # how far its steps lie behind the beginning of each: microseconds, or months
    values: Floats  # nan: nothing was observed; never so at the ends
    given: Given | None = None  # where there are columns of series.dynamic

    @property
    def end(self) -> int:
        """The number of the step after its last."""
        return self.first + len(self.values)

    @property
    def missing(self) -> int:
        """How many steps were not observed."""
        return int(np.isnan(self.values).sum())

    def whole(self, series: Series) -> Floats:
        """A value a step of the context: what stands for a missing one is made of others here."""
        known = np.flatnonzero(~np.isnan(self.values))
        if len(known) == len(self.values):
            return self.values[-series.context :] if series.context else self.values
        values = _filled(known, self.values[known], len(self.values), series.missing)
        return values[-series.context :] if series.context else values


def step(time: str, dtype: pl.DataType, frequency: Duration) -> tuple[pl.Expr, pl.Expr]:
    """The number of the step that a time is in, and how far behind the step's beginning it is.

    Months count from the year 0, whichever day of the month stands for them; all else counts in
    microseconds from 1970.
    """
    at = moment(time, dtype)
    if frequency.months is not None:
        units = at.dt.year().cast(pl.Int64) * 12 + at.dt.month() - 1
        length = frequency.months
    else:
        units, length = at.cast(pl.Int64), frequency.microseconds
    return (units // length).alias(STEP), (units % length).alias(PHASE)


def id_texts(rows: pl.DataFrame, names: Sequence[str]) -> list[pl.Expr]:
    """The columns that name a series as text, alike for 7, 7.0 and '7'."""
    return [_text(name, rows.schema[name]).alias(f"__id{i}") for i, name in enumerate(names)]


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if dtype.is_float():
        whole = value.cast(pl.Int64, strict=False)
        value = pl.when(value == whole).then(whole.cast(pl.String)).otherwise(value.cast(pl.String))
    return value.cast(pl.String)


def numbered(rows: pl.DataFrame, series: Series, time: str) -> pl.DataFrame:
    """A row each: the texts that name its series, its step and its phase."""
    at = step(time, rows.schema[time], series.frequency)
    return rows.select(*id_texts(rows, series.id), *at)


def id_columns(series: Series) -> list[str]:
    """What `numbered` calls the texts that name a series."""
    return [f"__id{i}" for i in range(len(series.id))]


def observed(rows: pl.DataFrame, series: Series, time: str, target: str) -> pl.DataFrame:
    """The steps that have a value, by series and in order; of two of one step the later row's."""
    by = id_columns(series)
    value = rows.select(pl.col(target).cast(pl.Float64).fill_nan(None).alias(VALUE))
    known = numbered(rows, series, time).hstack(value).drop_nulls()
    ordered = known.sort(*by, STEP, maintain_order=True)
    return ordered.unique([*by, STEP], keep="last", maintain_order=True)


def histories(steps: pl.DataFrame, series: Series) -> dict[Id, History]:
    """Each series with a value a step; DataRefused where a step lacks one and none may stand in."""
    by = id_columns(series)
    if steps.is_empty():
        return {}
    grouped = steps.group_by(by or [pl.lit(0)], maintain_order=True).agg(
        pl.col(STEP, VALUE), pl.col(PHASE).last()
    )
    made = {}
    for row in grouped.iter_rows(named=True):
        name = tuple(row[column] for column in by)
        made[name] = _dense(name, np.array(row[STEP]), np.array(row[VALUE]), row[PHASE], series)
    return made


def _dense(name: Id, at: NDArray[np.int64], values: Floats, phase: int, series: Series) -> History:
    first, length = int(at[0]), int(at[-1] - at[0]) + 1
    gaps = length - len(at)
    if gaps and series.missing == "fail":
        raise DataRefused(
            f"series {told(name)} lacks {gaps:,} of its {length:,} steps of {series.frequency}",
            hint='bring the rows, or say what stands for them: series.missing = "previous", …',
        )
    if series.context and length > series.context:
        # the last one before the context stands for what it may begin with
        keep = at >= at[at <= first + length - series.context][-1]
        at, values = at[keep], values[keep]
    dense = np.full(int(at[-1] - at[0]) + 1, np.nan)
    dense[at - at[0]] = values
    return History(int(at[0]), phase, dense)


def given(rows: pl.DataFrame, series: Series, time: str) -> pl.DataFrame:
    """The steps of which all columns of `series.dynamic` are known, by series and in order; of two
    of one step the later row's. UserError for a column of no numbers."""
    for name in series.dynamic:
        if not (rows.schema[name].is_numeric() or rows.schema[name] in (pl.Boolean, pl.Null)):
            raise UserError(
                f"series.dynamic `{name}` holds {rows.schema[name]}; expected numbers",
                hint="make it numbers under `derive`, or name it in series.static",
            )
    by = id_columns(series)
    numbers = rows.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in series.dynamic)
    known = numbered(rows, series, time).drop(PHASE).hstack(numbers).drop_nulls()
    ordered = known.sort(*by, STEP, maintain_order=True)
    return ordered.unique([*by, STEP], keep="last", maintain_order=True)


def with_given(
    known: Mapping[Id, History], rows: pl.DataFrame, series: Series
) -> dict[Id, History]:
    """The histories with what `given` found of them, from the first step of each on."""
    by = id_columns(series)
    parts: Mapping[Id, pl.DataFrame] = rows.partition_by(by, as_dict=True) if by else {(): rows}
    found = {}
    for name, history in known.items():
        part = parts.get(name, rows.clear()).filter(pl.col(STEP) >= history.first)
        values = part.select(series.dynamic).to_numpy().astype(np.float64)
        found[name] = replace(history, given=Given(part[STEP].to_numpy(), values))
    return found


def given_of(known: Mapping[Id, History], series: Series) -> pl.DataFrame:
    """What is known beside the values of histories, as `given` tells it."""
    by = id_columns(series)
    there = [(name, h.given or Given.nothing(series)) for name, h in known.items()]
    names = np.repeat(np.arange(len(there)), [len(one.steps) for _, one in there])
    texts = pl.DataFrame(
        [name for name, _ in there], schema=dict.fromkeys(by, pl.String()), orient="row"
    )
    steps = np.concatenate([np.empty(0, np.int64), *(one.steps for _, one in there)])
    empty = np.empty((0, len(series.dynamic)))
    values = np.concatenate([empty, *(one.values for _, one in there)])
    told = texts.select(pl.all().gather(names)) if by else pl.DataFrame()
    columns = {name: values[:, at] for at, name in enumerate(series.dynamic)}
    return told.with_columns(pl.Series(STEP, steps, pl.Int64)).hstack(pl.DataFrame(columns))


def _filled(places: NDArray[np.int64], values: Floats, length: int, how: str) -> Floats:
    every = np.arange(length)
    if how == "interpolate":
        return np.interp(every, places, values)
    whole = np.zeros(length)
    whole[places] = values
    if how == "previous":
        last = np.searchsorted(places, every, side="right") - 1
        return np.asarray(values[last], dtype=np.float64)
    return whole


def steps_of(known: Mapping[Id, History], series: Series) -> pl.DataFrame:
    """The steps of histories as `observed` gives them."""
    by = id_columns(series)
    if not known:
        texts: dict[str, pl.DataType] = dict.fromkeys(by, pl.String())
        whole = {**texts, STEP: pl.Int64(), PHASE: pl.Int64(), VALUE: pl.Float64()}
        return pl.DataFrame(schema=whole)
    lengths = [len(history.values) for history in known.values()]
    names = pl.DataFrame(list(known), schema=dict.fromkeys(by, pl.String()), orient="row")
    repeat = np.repeat(np.arange(len(lengths)), lengths)
    numbers = [np.arange(h.first, h.end) for h in known.values()]
    return (
        names[repeat.tolist()]
        .with_columns(
            pl.Series(STEP, np.concatenate(numbers), dtype=pl.Int64),
            pl.Series(PHASE, np.repeat([h.phase for h in known.values()], lengths), dtype=pl.Int64),
            pl.Series(VALUE, np.concatenate([h.values for h in known.values()]), nan_to_null=True),
        )
        .drop_nulls(VALUE)
    )


def earlier(steps: pl.DataFrame, before: datetime, series: Series) -> pl.DataFrame:
    """The steps that lie before a moment, each by its own time within its step."""
    at = pl.DataFrame({"t": [before]}, schema={"t": pl.Datetime("us")})
    number, phase = at.select(*step("t", pl.Datetime("us"), series.frequency)).row(0)
    if series.frequency.months is not None:
        return steps.filter(pl.col(STEP) < number)
    return steps.filter(
        (pl.col(STEP) < number) | ((pl.col(STEP) == number) & (pl.col(PHASE) < phase))
    )


def times_of(steps: pl.DataFrame, series: Series) -> pl.Series:
    """When each step is, in naive UTC; of months their first day."""
    frequency, number, phase = series.frequency, pl.col(STEP), pl.col(PHASE)
    if frequency.months is not None:
        month = number * frequency.months + phase
        time = pl.datetime(month // 12, month % 12 + 1, 1)
    else:
        time = (number * frequency.microseconds + phase).cast(pl.Datetime("us"))
    return steps.select(time.cast(pl.Datetime("us"))).to_series()


def time_of(number: int, phase: int, series: Series) -> datetime:
    """When a step is, as `times_of` has it."""
    found: datetime = times_of(pl.DataFrame({STEP: [number], PHASE: [phase]}), series).item()
    return found


def told(name: Iterable[str]) -> str:
    """A series by its name, in messages."""
    return ", ".join(f"'{part}'" for part in name) or "of the rows"
