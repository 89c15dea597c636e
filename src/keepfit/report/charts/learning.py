"""What a network lost in each epoch of its training."""

from __future__ import annotations

from markupsafe import Markup

from keepfit.report.charts.plot import (
    BOTTOM,
    HEIGHT,
    TOP,
    across,
    around,
    frame,
    line,
    stroke,
    upward,
    x_axis,
    y_axis,
)
from keepfit.report.facts import Epoch, Learning
from keepfit.report.figures import figure


def learning(found: Learning) -> Markup:
    """Epoch by epoch, on the training rows and on those of validation; a line where it was best."""
    known = [value for one in found.epochs for value in _values(one)]
    x = across(found.epochs[0].epoch - 0.5, found.epochs[-1].epoch + 0.5)
    y = upward(*around(known))
    training = [(x(o.epoch), y(o.training)) for o in found.epochs if o.training is not None]
    judged = [(x(o.epoch), y(o.validation)) for o in found.epochs if o.validation is not None]
    kept = x(found.kept)
    inside = [
        x_axis(x, "epoch"),
        y_axis(y, found.loss),
        stroke(kept, TOP, kept, HEIGHT - BOTTOM, "bound"),
        line(training, "series"),
        line(judged, "judged"),
    ]
    told = "; ".join(
        f"{one.epoch}: {' and '.join(map(figure, _values(one)))}" for one in shown(found)
    )
    return frame("learning", f"{found.loss} in each epoch", told, inside)


def shown(found: Learning, most: int = 12) -> list[Epoch]:
    """About so many of the epochs, evenly from the first to the last, and the one that was kept."""
    every = -(-len(found.epochs) // most)
    last = len(found.epochs) - 1
    return [
        one
        for number, one in enumerate(found.epochs)
        if (last - number) % every == 0 or number == 0 or one.epoch == found.kept
    ]


def _values(one: Epoch) -> list[float]:
    return [value for value in (one.training, one.validation) if value is not None]
