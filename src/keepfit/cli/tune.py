"""keepfit tune: better params for a model, and the TOML to paste."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.render import count, figure, next_step, signed, symbol, table
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.config.project import Project
    from keepfit.lifecycle.tune.records import Trial, Tuned

_MOST = 10  # candidates that the table shows


@click.command("tune")
@click.argument("model")
@click.option("--trials", help="How many candidates; else as the file says, or 30.")
@click.option("--search", help="random, grid, halving or optuna.")
@click.option("--sampler", help="Of optuna: tpe or cma-es.")
@click.option("--folds", help="How many parts of the training rows judge.")
@click.option("--metric", help="What candidates are compared on; else the gate's.")
@click.option("--seed", help="Of the folds and of the search.")
@click.option("--timeout", help="Seconds after which no trial begins.")
@click.option("--fresh", is_flag=True, help="Do not go on from trials of an earlier call.")
@verb
def tune_(session: Session, model: str, *, fresh: bool, **flags: str | None) -> None:
    """Search hyperparameters on the training rows alone; print the TOML to paste.

    Where to search stands in [model.NAME.tune]. The holdout takes no part: it judges the winner
    when it is trained.
    """
    from keepfit.config.lines import dotted
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.tune.run import tune

    said = {dotted(("model", model, "tune", name)): text for name, text in flags.items() if text}
    project = replace(session, overrides={**session.overrides, **said}).project()
    subject = model_of(project, model)
    with session.ports(project) as ports:
        found = tune(subject, ports, written=_written(project, model), fresh=fresh)
    session.show(found, lambda: _show(found))
    if found.stopped == "by hand":
        raise SystemExit(130)


def _written(project: Project, name: str) -> dict[str, Any]:
    """The params that somebody wrote down, as they are spelt."""
    return {
        key: value
        for key, value in project.resolved(name)["params"].items()
        if project.origin(("model", name, "params", key)).source != "default"
    }


def _show(found: Tuned) -> None:
    judged = sum(cut.judged for cut in found.cuts)
    click.echo(
        f"{found.model}: {found.metric} ({found.better} is better) on {len(found.cuts)} folds of "
        f"{count(found.rows, 'training row')}, {found.how}; {judged:,} judge, no holdout row does"
    )
    names = list(found.baseline.params)
    shown = [found.baseline, *found.ranked[:_MOST]]
    sure = f"{found.confidence * 100:g} % sure of" if any(one.low for one in shown) else ""
    header = ("trial", *names, found.metric, "spread", "gain", sure, "takes")
    numeric = [name for name in names if all(_is_number(one.params[name]) for one in shown)]
    rows = [_row(one, names) for one in shown]
    table(rows, header, right=" ".join(["trial", *numeric, found.metric, "spread", "gain"]))
    _show_others(found)
    _show_end(found)


def _row(one: Trial, names: list[str]) -> tuple[object, ...]:
    gain = "" if one.gain is None else signed(one.gain)
    between = "" if one.low is None else f"{figure(one.low)} to {figure(one.high)}"
    return (
        one.number or "file",
        *(_value(one.params[name]) for name in names),
        one.score,
        one.spread,
        gain,
        between,
        f"{one.seconds:.2f} s",
    )


def _value(value: object) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _show_others(found: Tuned) -> None:
    """How many candidates there were, and what became of those that are not shown."""
    told = [count(len(found.trials) - 1, "trial")]
    if found.resumed > 1:
        told.append(f"{found.resumed - 1:,} of them by an earlier call")
    if few := sum(one.share < 1 for one in found.trials):
        told.append(f"{few:,} on fewer rows")
    if refused := [one for one in found.trials if one.outcome == "refused"]:
        first = ", ".join(f"{name} = {_value(value)}" for name, value in refused[0].params.items())
        told.append(f"{len(refused):,} refused, the first with {first}: {refused[0].reason}")
    click.echo(", ".join(told))
    if found.stopped:
        why = "by hand" if found.stopped == "by hand" else "as the timeout says"
        left = found.runs + 1 - len(found.trials)
        click.echo(
            f"{symbol('warn')} stopped {why}, up to {left:,} trials before the end; "
            "the same command goes on"
        )


def _show_end(found: Tuned) -> None:
    if found.best is None:
        next_step("No candidate did better than the file's own params: nothing to paste.")
        return
    best = found.trials[found.best]
    click.echo(f"\nTrial {best.number} did best: {_told(found, best)}.")
    click.echo(f"\n{found.toml}\n")
    next_step(
        f"Paste it into the file (a minor version); the gate judges it on the holdout, which none "
        f"of this has seen: keepfit run {found.model}"
    )


def _told(found: Tuned, best: Trial) -> str:
    """Whether a gain is more than luck; the best of many always looks better than it is."""
    share = f"{found.confidence * 100:g} %"
    if best.low is None:
        return f"better by {figure(best.gain)}, and nobody can say how sure that is ({best.reason})"
    between = f"{share} sure of {figure(best.low)} to {figure(best.high)}"
    widened = f", widened for the best of {found.planned:,}" if found.planned > 1 else ""
    luck = "" if best.low > 0 else ": that may be luck"
    return f"better by {figure(best.gain)} ({between}{widened}){luck}"
