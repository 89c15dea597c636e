"""Figures as people read them: as many digits as tell them apart, and no more."""

from __future__ import annotations

import math

from keepfit.records.comparison import Comparison


def figures(*values: float, apart: float) -> list[str]:
    """The values with the decimals at which a difference of `apart` shows two digits of itself."""
    decimals = _decimals(apart or max(map(abs, values), default=0.0))
    return [f"{round(value, decimals) + 0.0:,.{decimals}f}" for value in values]


def plain(value: float) -> str:
    """A number as somebody wrote it: 2.5, 0.001, 12,000."""
    text = f"{value:,.12f}".rstrip("0").rstrip(".") if 1e-6 <= abs(value) < 1e15 else f"{value:g}"
    return "0" if text == "-0" else text


def about(count: int) -> str:
    """A count rounded to two digits: 12,000."""
    scale = 10 ** max(0, len(str(count)) - 2)
    return f"{round(count / scale) * scale:,}"


def needed(found: Comparison, asked: str) -> str:
    """About how many more rows would settle whether a gain exceeds what was asked."""
    if found.rows_needed is None:
        return f"no number of rows would settle whether it exceeds {asked}"
    if found.rows_needed > 1_000 * found.rows:
        return (
            f"the two are so close that not even {about(1_000 * found.rows)} rows would settle it"
        )
    more = max(1, found.rows_needed - found.rows)
    rows = f"about {about(more)} more rows{_in_units(found, more)}"
    return f"{rows} would settle whether it exceeds {asked}"


def _in_units(found: Comparison, more: int) -> str:
    """How many more of what the rows come in, where they hang together."""
    if found.unit is None or not found.units:
        return ""
    units = max(1, round(found.units * more / found.rows))
    return f" ({about(units)} more {found.unit}{'s' if units > 1 else ''})"


def percent(share: float) -> str:
    """`95 %`; `98.33 %`."""
    return f"{100 * share:.4g} %"


def _decimals(apart: float) -> int:
    if not apart or not math.isfinite(apart):
        return 0
    return min(12, max(0, 1 - math.floor(math.log10(apart))))
