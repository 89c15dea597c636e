"""Figures as people read them: as many digits as tell them apart, and no more."""

from __future__ import annotations

import math


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


def percent(share: float) -> str:
    """`95 %`; `98.33 %`."""
    return f"{100 * share:.4g} %"


def _decimals(apart: float) -> int:
    if not apart or not math.isfinite(apart):
        return 0
    return min(12, max(0, 1 - math.floor(math.log10(apart))))
