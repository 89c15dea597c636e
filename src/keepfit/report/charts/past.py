"""The gate's metric over versions."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from keepfit.report.charts.plot import (
    BOTTOM,
    HEIGHT,
    across,
    around,
    cross,
    dot,
    frame,
    line,
    ring,
    text,
    upward,
    y_axis,
)
from keepfit.report.facts import Past
from keepfit.report.figures import figure

MOST_LABELS = 6


def past(versions: Sequence[Past], metric: str) -> Markup:
    """Each version on its own holdout; its champion there beside it. A cross: not let pass."""
    known = [one for one in versions if one.value is not None]
    values = [v for one in known for v in (one.value, one.champion) if v is not None]
    x = across(-0.5, len(known) - 0.5)
    y = upward(*around(values))
    places = [(x(number), y(one.value or 0.0)) for number, one in enumerate(known)]
    inside = [y_axis(y, metric), line(places, "series")]
    every = -(-len(known) // MOST_LABELS)
    for number, one in enumerate(known):
        if one.champion is not None:
            inside.append(ring(x(number), y(one.champion), "champion"))
        mark = dot if one.outcome in ("pass", "warn") else cross
        inside.append(mark(*places[number], "mark own"))
        if (len(known) - 1 - number) % every == 0:
            label = one.version.split("-")[0]
            inside.append(text(x(number), HEIGHT - BOTTOM + 16, label, "middle"))
    inside.append(text((x.start + x.end) / 2, HEIGHT - 8, "version", "middle", "label"))
    told = "; ".join(f"{one.version}: {figure(one.value)}" for one in known)
    return frame("past", f"{metric} over versions", told, inside)
