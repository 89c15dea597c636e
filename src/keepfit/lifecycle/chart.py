"""Charts: of a replay the served metric against time, one line a policy; of a learning curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from keepfit.errors import NotInstalled
from keepfit.lifecycle.replay import Course
from keepfit.lifecycle.tune.curve import Curve

# Told apart by colour-blind readers, and by dash where there is no colour (Okabe and Ito, 2008).
STYLES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#cc79a7", ":"))


def draw(courses: Sequence[Course], title: str, files: Sequence[Path]) -> None:
    """Write the chart to every file; the suffix says the format: .svg, .png or .pdf."""
    with _axes(title, files) as axes:
        for course, (colour, dash) in zip(courses, STYLES * len(courses), strict=False):
            _line(axes, course, colour, dash)
        axes.set_title("● a new champion", loc="right", fontsize=9, color="#555555")
        axes.set_ylabel(f"{courses[0].metric} of the champion")
        axes.set_ylim(bottom=0 if courses[0].better == "lower" else None)
        axes.legend(frameon=False, loc="best")


def draw_curve(curve: Curve, files: Sequence[Path]) -> None:
    """The same for a learning curve: the metric against the number of rows, on a log scale."""
    known = [size for size in curve.sizes if size.score is not None]
    with _axes(f"{curve.model}: what it learns from more rows", files) as axes:
        rows, (colour, dash) = [size.rows for size in known], STYLES[0]
        axes.plot(rows, [size.score for size in known], f"{dash}o", color=colour, lw=2)
        axes.set_xscale("log")
        axes.set_xticks(rows, [f"{count:,}" for count in rows])
        axes.minorticks_off()
        axes.set_xlabel("rows learned from")
        axes.set_ylabel(f"{curve.metric} ({curve.better} is better)")


@contextmanager
def _axes(title: str, files: Sequence[Path]) -> Iterator[Any]:
    """Something to draw on, which is written to the files at the end."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NotInstalled("the chart", "plot") from error
    with rc_context({"svg.hashsalt": "keepfit", "svg.fonttype": "none", "font.size": 11}):
        figure = Figure(figsize=(9, 4.8), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontweight="bold")
        axes.grid(axis="y", alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        yield axes
        for file in files:
            # No date inside: the same figures draw the same bytes.
            figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else {})


def _line(axes: Any, course: Course, colour: str, dash: str) -> None:
    known = [p for p in course.periods if p.champion_score is not None]
    days = [date.fromisoformat(p.start) for p in known]
    served = f"{course.served:.2f}" if course.served is not None else "–"
    times = f"{course.trainings} training{'' if course.trainings == 1 else 's'}"
    label = f"{course.policy}: {served} served, {times}"
    axes.plot(days, [p.champion_score for p in known], dash, color=colour, label=label, lw=2)
    changed = [
        (day, p.champion_score)
        for day, p, before in zip(known and days, known, [None, *known], strict=False)
        if before is not None and p.champion != before.champion
    ]
    axes.plot(*zip(*changed, strict=True) if changed else ([], []), "o", color=colour, ms=6)
