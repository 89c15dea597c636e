"""Where time is cut: the end of the newest day, and naive UTC as the one clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def naive_utc(moment: datetime) -> datetime:
    """The moment in UTC without its zone; one without a zone is taken to be UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def end_of(newest: datetime) -> datetime:
    """The midnight after the newest row: spans are counted back from whole days."""
    return newest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
