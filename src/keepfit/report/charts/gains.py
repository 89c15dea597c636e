"""Gains with their intervals, one below the other, and a line at zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from keepfit.report.charts.plot import (
    BOTTOM,
    TOP,
    across,
    around,
    dot,
    frame,
    stroke,
    text,
    x_axis,
)
from keepfit.report.figures import signed

ROW, LABELS, MOST = 24, 150, 40


class Gain(NamedTuple):
    """How much better the version is than its champion, and how sure that is."""

    label: str
    gain: float
    low: float
    high: float


def gains(name: str, found: Sequence[Gain], metric: str, at_least: float = 0.0) -> Markup:
    """The intervals; those below zero are losses. At most 40 are drawn."""
    shown = found[:MOST]
    height = TOP + ROW * len(shown) + BOTTOM
    ends = [end for one in shown for end in (one.low, one.high)]
    scale = across(*around(ends, also=(0.0, at_least)), left=LABELS)
    floor = height - BOTTOM
    inside = [x_axis(scale, f"gain in {metric}; right of the line is better", height)]
    inside.append(stroke(scale(0), TOP, scale(0), floor, "zero"))
    if at_least:
        inside.append(stroke(scale(at_least), TOP, scale(at_least), floor, "bound"))
    for number, one in enumerate(shown):
        y = TOP + ROW * number + ROW / 2
        kind = "worse" if one.high < 0 else "better" if one.low > 0 else "unsure"
        inside += [
            text(LABELS - 8, y + 4, one.label, "end"),
            stroke(scale(one.low), y, scale(one.high), y, f"span {kind}"),
            dot(scale(one.gain), y, f"mark {kind}"),
        ]
    told = "; ".join(
        f"{one.label}: {signed(one.gain)} ({signed(one.low)} to {signed(one.high)})"
        for one in shown
    )
    return frame(name, f"Gain in {metric} with its interval", told, inside, height)
