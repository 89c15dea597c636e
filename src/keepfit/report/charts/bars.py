"""Bars to both sides of zero: effects and importances of features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from keepfit.report.charts.plot import (
    BOTTOM,
    TOP,
    across,
    around,
    box,
    frame,
    stroke,
    text,
    x_axis,
)
from keepfit.report.figures import figure

ROW, LABELS, MOST = 20, 150, 20


class Bar(NamedTuple):
    """A value, and how much it may be off."""

    label: str
    value: float
    deviation: float = 0.0


def bars(name: str, found: Sequence[Bar], title: str, label: str) -> Markup:
    """The first 20 of the bars, in their order."""
    shown = found[:MOST]
    height = TOP + ROW * len(shown) + BOTTOM
    ends = [b.value + side * b.deviation for b in shown for side in (-1, 1)]
    x = across(*around(ends, also=(0.0,)), left=LABELS)
    inside = [x_axis(x, label, height)]
    for number, bar in enumerate(shown):
        y = TOP + ROW * number
        left, right = sorted((x(0), x(bar.value)))
        inside.append(box(left, y + 4, right - left, ROW - 8, "bar own"))
        if bar.deviation:
            ends = [x(bar.value - bar.deviation), x(bar.value + bar.deviation)]
            inside.append(stroke(ends[0], y + ROW / 2, ends[1], y + ROW / 2, "zero"))
        inside.append(text(LABELS - 8, y + ROW / 2 + 4, bar.label, "end"))
    inside.append(stroke(x(0), TOP, x(0), height - BOTTOM, "zero"))
    told = "; ".join(f"{bar.label}: {figure(bar.value)}" for bar in shown)
    return frame(name, title, told, inside, height)
