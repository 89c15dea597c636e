"""keepfit train --sizes: the learning curve of a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import count, figure, next_step, signed, table
from keepfit.cli.session import Session
from keepfit.errors import NotInstalled, UserError

if TYPE_CHECKING:
    from keepfit.lifecycle.tune.curve import Curve, Size

_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([km]?)", re.IGNORECASE)


def show_curve(session: Session, name: str, sizes: str, chart: Path | None) -> None:
    """Train on each size, and tell of it."""
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.tune.curve import learning_curve

    wanted = sizes_of(sizes)
    project = session.project()
    model = model_of(project, name)
    with session.ports(project) as ports:
        curve = learning_curve(model, ports, wanted)
    session.show(curve, lambda: _tell(curve, max(wanted)))
    _draw(session, curve, chart or project.root / f"sizes-{name}")


def sizes_of(text: str) -> list[int]:
    """The numbers of rows that `--sizes` names; UserError where it names none."""
    found = []
    for word in filter(None, (each.strip() for each in text.split(","))):
        match = _SIZE.fullmatch(word)
        rows = round(float(match[1]) * _TIMES[match[2].lower()]) if match else 0
        if not rows:
            raise UserError(f"--sizes {word}: expected numbers of rows such as 500,10k,1m")
        found.append(rows)
    if not found:
        raise UserError("--sizes names none; expected numbers of rows such as 500,10k,1m")
    return found


def _tell(curve: Curve, largest: int) -> None:
    which = "the newest training rows" if curve.newest else "training rows drawn at random"
    click.echo(
        f"{curve.model}: {curve.metric} ({curve.better} is better) on {curve.judged:,} of "
        f"{which}, which no size learns from; no holdout row judges"
    )
    header = ("rows", "takes", curve.metric, "gain", f"{curve.confidence * 100:g} % sure of", "")
    table([_row(size) for size in curve.sizes], header, right=f"rows takes {curve.metric} gain")
    if largest > curve.there:
        click.echo(f"There are {count(curve.there, 'row')} to learn from; the largest is all.")
    if step := curve.last_step:
        click.echo(_would_help(curve, *step))


def _row(size: Size) -> tuple[object, ...]:
    gain = "" if size.gain is None else signed(size.gain)
    between = "" if size.low is None else f"{figure(size.low)} to {figure(size.high)}"
    return f"{size.rows:,}", f"{size.seconds:.2f} s", size.score, gain, between, size.note


def _would_help(curve: Curve, before: Size, last: Size) -> str:
    """Whether more rows would help, as far as the last step tells."""
    step = f"From {before.rows:,} to {last.rows:,} rows"
    if last.gain is None or last.low is None or last.high is None:
        return f"{step} nobody can tell the gain from luck."
    sure = f"({curve.confidence * 100:g} % sure of {figure(last.low)} to {figure(last.high)})"
    if last.low > 0:
        share = abs(last.gain / before.score) if before.score else 0.0
        return (
            f"{step} it still gets better by {figure(last.gain)}, {share * 100:.3g} % {sure}: "
            "more rows are likely to help, as a rule a little less each time."
        )
    if last.high < 0:
        return f"{step} it gets worse by {figure(-last.gain)} {sure}: more rows do not help."
    return (
        f"{step} no gain can be told from luck {sure}: as many rows again will hardly bring more "
        f"than {figure(last.high)}."
    )


def _draw(session: Session, curve: Curve, stem: Path) -> None:
    from keepfit.lifecycle.chart import draw_curve

    files = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    told = not session.quiet and not session.json
    try:
        draw_curve(curve, files)
    except NotInstalled as missing:
        if told:
            next_step(f"For a chart: {missing.hint}")
        return
    if told:
        next_step(f"The chart: {', '.join(map(str, files))}")
