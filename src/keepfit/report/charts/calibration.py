"""Probabilities beside what came true."""

from __future__ import annotations

from markupsafe import Markup

from keepfit.evaluate.exhibits.intervals import wilson
from keepfit.records.exhibits import Calibration
from keepfit.report.charts.plot import across, dot, frame, line, stroke, upward, x_axis, y_axis
from keepfit.report.figures import percent


def calibration(found: Calibration, confidence: float) -> Markup:
    """The share that came true by probability, with its interval; the diagonal is perfect."""
    x, y = across(0, 1), upward(0, 1)
    inside = [x_axis(x, "probability"), y_axis(y, "share that came true")]
    inside.append(stroke(x(0), y(0), x(1), y(1), "zero"))
    for b in found.bins:
        span = wilson(b.observed, b.rows, confidence)
        inside.append(stroke(x(b.predicted), y(span.low), x(b.predicted), y(span.high), "span own"))
    inside.append(line([(x(b.predicted), y(b.observed)) for b in found.bins], "series"))
    inside += [dot(x(b.predicted), y(b.observed), "mark own") for b in found.bins]
    told = "; ".join(f"{percent(b.predicted)}: {percent(b.observed)}" for b in found.bins)
    return frame("calibration", "Calibration", told, inside)
