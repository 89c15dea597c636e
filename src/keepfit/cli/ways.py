"""keepfit compare --ways: what each way to keep learning costs, and how well it does."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.render import next_step, table
from keepfit.cli.replay import span_of
from keepfit.cli.session import Session

if TYPE_CHECKING:
    from keepfit.lifecycle.ways import Trial, Ways

_MOST = 12  # periods that have a column each


def show_ways(session: Session, name: str, periods: int, every: str) -> None:
    """Try every way of the model on its last periods, and tell of it."""
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.ways import compare_ways, last_periods

    project = session.project()
    model = model_of(project, name)
    with session.ports(project) as ports:
        spans = last_periods(model, ports, periods, span_of(every))
        ways = compare_ways(model, ports, spans)
    session.show(ways, lambda: tell(ways))


def tell(ways: Ways) -> None:
    """The table of a comparison, and what to do next."""
    starts = _shown([month.start for month in ways.trials[0].months])
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
        next_step(
            f'To change it: train = "{best.way}" in [model.{ways.model}]{_how_often(best, ways)}'
        )
    else:
        next_step(f'The file says train = "{ways.now}".')


def _shown(periods: list[Any]) -> list[Any]:
    """One a period, unless they would fill more than a line: --json has them all."""
    return periods if len(periods) <= _MOST else []


def _how_often(best: Trial, ways: Ways) -> str:
    """In how many periods the best way was the better one: a mean may come of one alone."""
    now = next((trial for trial in ways.trials if trial.way == ways.now), None)
    if now is None:
        return ""
    both = [
        (mine.score, other.score)
        for mine, other in zip(best.months, now.months, strict=True)
        if mine.score is not None and other.score is not None
    ]
    better = sum(mine < other if ways.better == "lower" else mine > other for mine, other in both)
    return f", which was better than {ways.now} in {better} of {len(both)} periods"


def _row(trial: Trial, ways: Ways) -> tuple[object, ...]:
    learned = sum(month.learned for month in trial.months) // len(trial.months)
    # the first one of a process also loads the library
    seconds = median(month.seconds for month in trial.months)
    scores = _shown([month.score if month.score is not None else "–" for month in trial.months])
    mark = " (now)" if trial.way == ways.now else ""
    return (f"{trial.way}{mark}", f"{learned:,}", f"{seconds:.2f} s", *scores, trial.mean)
