"""keepfit replay: the past, as it would have gone under each policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepfit.cli.look import moment
from keepfit.cli.render import next_step, symbol, table
from keepfit.cli.session import Session, verb
from keepfit.durations import Duration
from keepfit.errors import NotInstalled, UserError

if TYPE_CHECKING:
    from keepfit.lifecycle.replay import Course, Period


@click.command("replay")
@click.argument("model")
@click.option("--from", "start", required=True, help="The first period's begin, such as 2013-01.")
@click.option("--to", "end", required=True, help="The end (not included), such as 2014-01.")
@click.option("--every", default="month", show_default=True, help="day, week, month, '2 weeks'.")
@click.option(
    "--policy", default="monthly,never,on-decay", show_default=True, help="Separated by commas."
)
@click.option("--chart", type=click.Path(path_type=Path), help="Its name without suffix.")
@verb
def replay_(  # noqa: PLR0913 the flags that users see
    session: Session,
    model: str,
    *,
    start: str,
    end: str,
    every: str,
    policy: str,
    chart: Path | None,
) -> None:
    """Run the whole life over past periods in a scratch store, under several policies.

    At the end of each period a policy sees only rows before it, as it would have been.
    """
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.replay import check_policy, periods, replay

    names = [check_policy(name.strip()) for name in policy.split(",")]
    project = session.project()
    subject = model_of(project, model)
    spans = list(periods(moment(start), moment(end), span_of(every)))
    if not spans:
        raise UserError(f"--from {start} is not before --to {end}")
    courses = []
    with session.ports(project) as ports:
        for name in names:
            courses.append(replay(subject, ports, name, spans))
            if not session.json and not session.quiet:
                _show_course(courses[-1])
    session.show(courses, lambda: _show_totals(courses))
    _draw(session, courses, model, chart or project.root / f"replay-{model}")


def span_of(text: str) -> Duration:
    """The span that `--every` names; UserError where it names none."""
    try:
        return Duration.parse(text if text[:1].isdigit() else f"1 {text}")
    except ValueError as error:
        raise UserError(f"--every {text}: {error}") from error


def _show_course(course: Course) -> None:
    click.echo(click.style(f"\n{course.policy}", bold=True))
    header = ("period", "rows", "champion", course.metric, "challenger", "its " + course.metric, "")
    table([_period(p) for p in course.periods], header, right=f"rows {course.metric}")


def _period(p: Period) -> tuple[object, ...]:
    verdict = f"{symbol(p.verdict)} {p.verdict}" if p.verdict else p.note
    return (
        p.start,
        f"{p.rows:,}",
        p.champion.split("-")[0] if p.champion else "–",
        p.champion_score,
        p.challenger.split("-")[0] if p.challenger else "–",
        p.challenger_score,
        verdict + (", promoted" if p.promoted else ""),
    )


def _show_totals(courses: list[Course]) -> None:
    metric = courses[0].metric
    click.echo()
    header = ("policy", f"{metric} served", "trainings", "promotions")
    rows = [(c.policy, c.served, str(c.trainings), str(c.promotions)) for c in courses]
    table(rows, header, right=" ".join(header[2:]))


def _draw(session: Session, courses: list[Course], model: str, stem: Path) -> None:
    from keepfit.lifecycle.chart import draw

    files = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    try:
        draw(courses, f"{model}: error served, by policy", files)
    except NotInstalled as missing:
        if not session.quiet and not session.json:
            next_step(f"For a chart: {missing.hint}")
        return
    if not session.quiet and not session.json:
        next_step(f"The chart: {', '.join(map(str, files))}")
