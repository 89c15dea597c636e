"""The ground that every chart stands on: scales, ticks, axes, and an accessible frame."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from keepfit.report.figures import figure

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 44


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places along an axis."""

    low: float
    high: float
    start: float  # the place of `low`
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def around(values: Iterable[float], *, also: tuple[float, ...] = ()) -> tuple[float, float]:
    """The span of the values with a little air, never empty."""
    known = [*values, *also]
    low, high = min(known), max(known)
    air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - air, high + air


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two values, about so many."""
    raw = (high - low) / about
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(step * scale for step in (1, 2, 2.5, 5, 10) if step * scale >= raw * 0.999)
    first = math.ceil(low / step)
    return [round(n * step, 12) for n in range(first, math.floor(high / step) + 1)]


def across(low: float, high: float, left: int = LEFT) -> Scale:
    """A scale from left to right."""
    return Scale(low, high, left, WIDTH - RIGHT)


def upward(low: float, high: float, height: int = HEIGHT) -> Scale:
    """A scale from the bottom to the top."""
    return Scale(low, high, height - BOTTOM, TOP)


def frame(
    name: str, title: str, told: str, inside: Iterable[Markup], height: int = HEIGHT
) -> Markup:
    """The drawing, with what it is and what it shows in words."""
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>'
    ).format(WIDTH, height, name, name, name, title, name, told, Markup("").join(inside))


def x_axis(scale: Scale, label: str, height: int = HEIGHT) -> Markup:
    """Ticks below, with thin lines up, and the label."""
    bottom = height - BOTTOM
    parts = [
        Markup('<line class="grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(x, TOP, bottom)
        + text(x, bottom + 16, figure(value), "middle")
        for value in ticks(scale.low, scale.high)
        for x in (scale(value),)
    ]
    parts.append(text((scale.start + scale.end) / 2, height - 8, label, "middle", "label"))
    return Markup("").join(parts)


def y_axis(scale: Scale, label: str) -> Markup:
    """Ticks at the left, with thin lines across, and the label."""
    parts = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
            LEFT, WIDTH - RIGHT, y=y
        )
        + text(LEFT - 6, y + 4, figure(value), "end")
        for value in ticks(scale.low, scale.high)
        for y in (scale(value),)
    ]
    middle = (scale.start + scale.end) / 2
    parts.append(
        Markup(
            '<text class="label" text-anchor="middle"'
            ' transform="translate(13 {}) rotate(-90)">{}</text>'
        ).format(middle, label)
    )
    return Markup("").join(parts)


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "tick") -> Markup:
    """Words at a place."""
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, words
    )


def line(points: Iterable[tuple[float, float]], kind: str) -> Markup:
    """A line through the points."""
    places = " ".join(f"{x},{y}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, places)


def stroke(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight stroke."""
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(kind, x1, y1, x2, y2)


def box(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """A filled box."""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        kind, round(x, 1), round(y, 1), round(max(width, 0.5), 1), round(max(height, 0.5), 1)
    )


def dot(x: float, y: float, kind: str) -> Markup:
    """A filled dot."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="4"/>').format(kind, x, y)


def cross(x: float, y: float, kind: str) -> Markup:
    """A cross, which is told from a dot without its colour."""
    return Markup('<path class="{}" d="M{} {}l8 8m0 -8l-8 8"/>').format(kind, x - 4, y - 4)


def ring(x: float, y: float, kind: str) -> Markup:
    """An empty diamond."""
    return Markup('<path class="{}" d="M{} {}l5 5l-5 5l-5 -5z"/>').format(kind, x, y - 5)


def label_of(name: str, value: str = "", most: int = 20) -> str:
    """`name = value`, both shortened where they are too long to stand beside a chart."""
    if not value:
        return clipped(name, most)
    room = most - len(" = ")
    first = max(room - len(value), room // 2)
    name = clipped(name, first)
    return f"{name} = {clipped(value, room - len(name))}"


def clipped(words: str, most: int) -> str:
    """The words, shortened to so many letters."""
    return words if len(words) <= most else words[: most - 1] + "…"
