"""What is left of the truth: its shape, and whether it hangs on the prediction."""

from __future__ import annotations

from markupsafe import Markup

from keepfit.records.exhibits import Residuals
from keepfit.report.charts.plot import (
    across,
    around,
    box,
    dot,
    frame,
    line,
    stroke,
    upward,
    x_axis,
    y_axis,
)
from keepfit.report.figures import figure


def by_prediction(found: Residuals) -> Markup:
    """The middle eight tenths of the residuals and their median, by prediction."""
    x = across(*around(b.predicted for b in found.bins))
    y = upward(*around((end for b in found.bins for end in (b.low, b.high)), also=(0.0,)))
    inside = [x_axis(x, "prediction"), y_axis(y, "truth − prediction")]
    inside.append(stroke(x.start, y(0), x.end, y(0), "zero"))
    inside += [
        stroke(x(b.predicted), y(b.low), x(b.predicted), y(b.high), "span own") for b in found.bins
    ]
    inside.append(line([(x(b.predicted), y(b.middle)) for b in found.bins], "series"))
    inside += [dot(x(b.predicted), y(b.middle), "mark own") for b in found.bins]
    told = "; ".join(f"at {figure(b.predicted)}: median {figure(b.middle)}" for b in found.bins)
    return frame("residuals", "Residuals by prediction", told, inside)


def histogram(found: Residuals) -> Markup:
    """How often residuals of each size come."""
    x = across(found.edges[0], found.edges[-1])
    y = upward(0, max(1, *found.counts) * 1.05)
    inside = [x_axis(x, "truth − prediction"), y_axis(y, "rows")]
    for number, rows in enumerate(found.counts):
        left, right = x(found.edges[number]), x(found.edges[number + 1])
        inside.append(box(left + 0.5, y(rows), right - left - 1, y(0) - y(rows), "bar own"))
    if found.edges[0] < 0 < found.edges[-1]:
        inside.append(stroke(x(0), y.end, x(0), y.start, "zero"))
    told = "; ".join(
        f"{figure(low)} to {figure(high)}: {rows}"
        for low, high, rows in zip(found.edges, found.edges[1:], found.counts, strict=False)
    )
    return frame("histogram", "Histogram of the residuals", told, inside)
