"""How results look on a terminal: aligned columns, few colours, none where nobody sees them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence

import click

SYMBOLS = {
    "pass": ("✓", "green"),
    "promoted": ("✓", "green"),
    "fresh": ("·", None),
    "branch": ("·", None),
    "note": ("·", None),
    "off": ("–", None),
    "waits": ("…", None),
    "due": ("●", "yellow"),
    "warn": ("!", "yellow"),
    "asked": ("?", "yellow"),
    "inconclusive": ("?", "yellow"),
    "fail": ("✗", "red"),
    "refused": ("✗", "red"),
    "failed": ("✗", "red"),
}


def symbol(status: str) -> str:
    """The sign of a status, in its colour; click drops colours where there is no terminal."""
    sign, colour = SYMBOLS[status]
    return click.style(sign, fg=colour)


def table(rows: Iterable[Sequence[object]], header: Sequence[str] = (), *, right: str = "") -> None:
    """Print rows with aligned columns; the columns named in `right` end at the same place."""
    lines = [[_text(cell) for cell in row] for row in rows]
    shown = ([list(header)] if header else []) + lines
    if not lines:
        return
    widths = [max(len(click.unstyle(line[i])) for line in shown) for i in range(len(shown[0]))]
    numeric = [header[i] in right.split() if header else False for i in range(len(widths))]
    for number, line in enumerate(shown):
        cells = [_pad(cell, w, right=r) for cell, w, r in zip(line, widths, numeric, strict=True)]
        text = _fitted("  ".join(cells).rstrip())
        click.echo(click.style(text, dim=True) if header and number == 0 else text)


def _fitted(text: str) -> str:
    """The line, cut at the edge of a terminal; whole where something else reads it."""
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or len(click.unstyle(text)) <= width or "\x1b" in text[-width:]:
        return text
    return text[: width - 1 + len(text) - len(click.unstyle(text))] + "…"


def figure(value: float | None) -> str:
    """A number as people read it: four significant digits, thousands apart, a dash for none."""
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.4g}"


def signed(value: float) -> str:
    """The same with a sign that says in which direction it changed."""
    return f"+{figure(value)}" if value > 0 else figure(value)


def count(number: int, noun: str) -> str:
    """`1 row`, `31,204 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """Bytes as people read them: `812 bytes`, `3.4 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000  # type: ignore[assignment]
    return f"{number:,} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"


def seconds(value: float) -> str:
    """A span that people can plan with: `4 s`, `3 min`, `2 h`."""
    if value < 90:
        return f"{max(1, round(value))} s"
    return f"{round(value / 60)} min" if value < 5400 else f"{value / 3600:.1f} h"


def next_step(text: str) -> None:
    """The last line: where to look next."""
    click.echo(click.style(text, dim=True))


def _text(cell: object) -> str:
    return figure(cell) if isinstance(cell, float) or cell is None else str(cell)


def _pad(cell: str, width: int, *, right: bool) -> str:
    space = " " * (width - len(click.unstyle(cell)))
    return space + cell if right else cell + space
