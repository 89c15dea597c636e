"""What was forecast of a series, how sure it was, and what came."""

from __future__ import annotations

from itertools import pairwise

from markupsafe import Markup

from keepfit.records.exhibits import Fan
from keepfit.report.charts.plot import (
    BOTTOM,
    HEIGHT,
    across,
    around,
    frame,
    line,
    stroke,
    text,
    upward,
    y_axis,
)
from keepfit.report.figures import figure

_LABEL = 110  # the room that the time of a label takes

Points = list[tuple[float, float]]


def fan(found: Fan) -> Markup:
    """The past and the truth as a line, the forecast as another, and its interval behind both."""
    steps = range(len(found.times))
    known = [v for row in (found.truth, found.mean, found.low, found.high) for v in row]
    x = across(0, max(1, len(steps) - 1))
    y = upward(*around(value for value in known if value is not None))
    first = next((n for n in steps if found.mean[n] is not None), 0)
    inside = [y_axis(y, "value"), stroke(x(first), y.start, x(first), y.end, "zero")]

    def points(values: tuple[float | None, ...]) -> Points:
        pairs = zip(steps, values, strict=False)
        return [(x(n), y(value)) for n, value in pairs if value is not None]

    if found.low:
        places = [*points(found.low), *reversed(points(found.high))]
        inside.append(_area(places))
    inside += [line(points(found.truth), "truth"), line(points(found.mean), "series")]
    ends = [(0, "start"), (steps[-1], "end")]
    room = min(x(first) - x(0), x(steps[-1]) - x(first)) > _LABEL
    for n, anchor in [*ends, (first, "middle")] if room else ends:
        told = found.times[n].replace("T00:00:00", "").replace("T", " ")
        inside.append(text(x(n), HEIGHT - BOTTOM + 16, told, anchor))
    return frame(f"fan-{found.rank}", _title(found), _told(found, first), inside)


def _area(places: Points) -> Markup:
    corners = " ".join(f"{x},{y}" for x, y in places)
    return Markup('<polygon class="fan" points="{}"/>').format(corners)


def _title(found: Fan) -> str:
    return f"Forecasts of {found.series or 'the series'}"


def _told(found: Fan, first: int) -> str:
    """The forecast in words, at a few of its steps."""
    count = len(found.times) - first
    some = sorted({first, first + count // 2, len(found.times) - 1})
    told = [
        f"{found.times[n]}: forecast {figure(mean)}, came {figure(truth)}"
        for n in some
        if (mean := found.mean[n]) is not None and (truth := found.truth[n]) is not None
    ]
    return "; ".join(told)


def interval(found: Fan) -> str:
    """How many truths the area is to hold, in words."""
    gaps = [high - low for low, high in pairwise(found.levels)]
    return f"{100 * gaps[0]:g} %" if gaps else ""
