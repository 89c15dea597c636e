"""Figures as a page shows them."""

from __future__ import annotations

import math

NOTHING = "–"


def figure(value: float | None) -> str:
    """Four significant digits, thousands apart, a true minus; a dash for none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "−")


def signed(value: float | None) -> str:
    """The same with a plus before what is above zero."""
    return f"+{figure(value)}" if value is not None and value > 0 else figure(value)


def percent(share: float | None) -> str:
    """`12.3 %`."""
    return NOTHING if share is None else f"{100 * share:.3g} %".replace("-", "−")


def count(number: int) -> str:
    """`31,204`."""
    return f"{number:,}"


def moment(text: str | None) -> str:
    """An ISO time to the minute, without its zone, which is UTC throughout."""
    return text[:16].replace("T", " ") if text else NOTHING


def short(digest: str) -> str:
    """The first twelve digits of a digest."""
    return digest[:12]
