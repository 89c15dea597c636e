"""What the time column allows: a holdout at the end of time, features of the hour and day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from keepfit.durations import Duration
from keepfit.lifecycle.begin.look import Look
from keepfit.lifecycle.begin.target import snake

# The longest of these that the table holds four times and more is what judges.
_SPANS = {"1 year": 8 * 365, "1 month": 120, "1 week": 28, "1 day": 4}  # days it takes
_FEWEST = 30  # rows that can judge


def holdout_by_time(look: Look, time: str) -> str | float | None:
    """A span at the end of time with rows enough to judge; else a fifth; None: too few moments."""
    least, greatest = look.columns[time].least, look.columns[time].greatest
    days = (greatest - least) / timedelta(days=1)
    for span, needed in _SPANS.items():
        if days >= needed and _FEWEST <= _rows_since(look, time, span) <= look.rows / 2:
            return span
    return 0.2 if look.columns[time].distinct >= _FEWEST else None


def parts_of(look: Look, time: str) -> dict[str, str]:
    """Name -> SQL of the hour, weekday and month, where the table is long enough to tell."""
    facts = look.columns[time]
    days = (facts.greatest - facts.least) / timedelta(days=1)
    column = '"' + time.replace('"', '""') + '"'
    found = {}
    if facts.dtype == pl.Datetime and days >= 2 and _has_hours(look, time):
        found["hour"] = f"extract(hour FROM {column})"
    if days >= 14:
        found["weekday"] = f"extract(isodow FROM {column})"
    if days >= 2 * 365:
        found["month"] = f"extract(month FROM {column})"
    prefix = snake(time) or "time"
    return {f"{prefix}_{part}": sql for part, sql in found.items()}


def _rows_since(look: Look, time: str, span: str) -> int:
    newest = look.columns[time].greatest
    cut: date = Duration.parse(span).before(_next_midnight(newest))
    if not isinstance(newest, datetime):
        cut = datetime.date(cut) if isinstance(cut, datetime) else cut
    late = look.scan.filter(pl.col(time) >= pl.lit(cut)).select(pl.len())
    return int(late.collect(engine="streaming").item())


def _next_midnight(moment: date) -> datetime:
    zone = moment.tzinfo if isinstance(moment, datetime) else None
    return datetime(moment.year, moment.month, moment.day, tzinfo=zone) + timedelta(days=1)


def _has_hours(look: Look, time: str) -> bool:
    return look.sample[time].dt.hour().n_unique() > 1
