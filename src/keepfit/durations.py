"""Spans of time as people write them: `12 months`, `1 day`, `36 hours`."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_UNITS = {
    "minute": "m",
    "hour": "h",
    "day": "d",
    "week": "w",
    "month": "mo",
    "quarter": "q",
    "year": "y",
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_PATTERN = re.compile(rf"\s*(\d+)\s*({'|'.join(_UNITS)})s?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Duration:
    """A whole number of calendar units."""

    count: int
    unit: str  # minute, hour, day, week, month, quarter or year

    @classmethod
    def parse(cls, text: str) -> Duration:
        """The duration that `text` names; ValueError with what was expected."""
        match = _PATTERN.fullmatch(text)
        if not match or not int(match[1]):
            raise ValueError("expected a duration such as '1 month', '12 weeks' or '36 hours'")
        return cls(int(match[1]), match[2].lower())

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"

    @property
    def months(self) -> int | None:
        """How many months it is; None for a span of a fixed length."""
        return self.count * _MONTHS[self.unit] if self.unit in _MONTHS else None

    @property
    def microseconds(self) -> int:
        """How long it is; ValueError for months, of which some are longer than others."""
        if self.unit in _MONTHS:
            raise ValueError(f"{self} has no fixed length")
        return timedelta(**{f"{self.unit}s": self.count}) // timedelta(microseconds=1)

    def times(self, count: int) -> Duration:
        """So many of these spans, one after the other."""
        return Duration(self.count * count, self.unit)

    @property
    def polars(self) -> str:
        """The same span as polars writes it: `12mo`."""
        return f"{self.count}{_UNITS[self.unit]}"

    def before(self, moment: datetime) -> datetime:
        """`moment` less this span; a day that the month lacks becomes its last."""
        return self._shift(moment, -self.count)

    def after(self, moment: datetime) -> datetime:
        """`moment` plus this span; a day that the month lacks becomes its last."""
        return self._shift(moment, self.count)

    def _shift(self, moment: datetime, count: int) -> datetime:
        if self.unit not in _MONTHS:
            return moment + timedelta(**{f"{self.unit}s": count})
        months = moment.year * 12 + moment.month - 1 + count * _MONTHS[self.unit]
        year, month = divmod(months, 12)
        day = min(moment.day, calendar.monthrange(year, month + 1)[1])
        return moment.replace(year=year, month=month + 1, day=day)
