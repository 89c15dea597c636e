"""keepfit compare --ways: what each way to keep learning costs, and how well it does."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import next_step, table
from keepfit.cli.replay import span_of
from keepfit.cli.session import Session

if TYPE_CHECKING:
    from keepfit.lifecycle.ways import Trial, Ways


def show_ways(session: Session, name: str, periods: int, every: str) -> None:
    """Try every way of the model on its last periods, and tell of it."""
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.ways import compare_ways, last_periods

    project = session.project()
    model = model_of(project, name)
    with session.ports(project) as ports:
        spans = last_periods(model, ports, periods, span_of(every))
        ways = compare_ways(model, ports, spans)
    session.show(ways, lambda: _show(ways))


def _show(ways: Ways) -> None:
    starts = [month.start for month in ways.trials[0].months]
    click.echo(
        f"{ways.model}: {ways.metric} ({ways.better} is better) on each period, judged by what was "
        "learned from rows before it"
    )
    header = ("train", "rows", "takes", *starts, "mean")
    rows = [_row(trial, ways) for trial in ways.trials]
    table(rows, header, right=" ".join(header[1:]))
    for way, why in ways.left_out:
        click.echo(f"{way} was left out: {why}")
    if (best := ways.best) and best.way != ways.now:
        next_step(f'To change it: train = "{best.way}" in [model.{ways.model}]')
    else:
        next_step(f'The file says train = "{ways.now}".')


def _row(trial: Trial, ways: Ways) -> tuple[object, ...]:
    learned = sum(month.learned for month in trial.months) // len(trial.months)
    # the first one of a process also loads the library
    seconds = median(month.seconds for month in trial.months)
    scores = [month.score if month.score is not None else "–" for month in trial.months]
    mark = " (now)" if trial.way == ways.now else ""
    return (f"{trial.way}{mark}", f"{learned:,}", f"{seconds:.2f} s", *scores, trial.mean)
