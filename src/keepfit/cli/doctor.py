"""keepfit doctor: verify a store, and repair what its logs tell as well."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import count, next_step, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.lifecycle.doctor import Examined
    from keepfit.store.probe import Trial


@click.command("doctor")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--repair", is_flag=True, help="Make hints, checkpoints, pages and views again.")
@click.option("--quick", is_flag=True, help="Compare the sizes of files, not their digests.")
@click.option("--no-trials", is_flag=True, help="Write nothing: leave out the trials of the store.")
@verb
def doctor_(
    session: Session, models: tuple[str, ...], *, repair: bool, quick: bool, no_trials: bool
) -> None:
    """Verify the store: what it promises, chains of records, digests, and what nobody named.

    All models of the store, or those named. No record of a log is ever changed. Exit code 4 where
    something is lost, misleading, or not kept.
    """
    from keepfit.lifecycle.doctor import Visit, examine, models_in, try_store
    from keepfit.store.open import open_store

    project = session.project()
    objects = open_store(project.store)
    names = models_in(objects, models)
    trials = () if no_trials else try_store(objects, partial(datetime.now, UTC))
    examined = tuple(examine(objects, names, Visit(deep=not quick, repair=repair)))
    healthy = all(t.kept for t in trials) and all(e.healthy for e in examined)
    report = {"store": project.store, "healthy": healthy, "trials": trials, "models": examined}
    session.show(report, lambda: _show(project.store, trials, examined, healthy=healthy))
    if not healthy:
        raise SystemExit(4)


def _show(
    store: str, trials: tuple[Trial, ...], examined: tuple[Examined, ...], *, healthy: bool
) -> None:
    if trials and all(trial.kept for trial in trials):
        click.echo(f"{symbol('pass')} {store} stood {count(len(trials), 'trial')}")
    for trial in trials:
        if not trial.kept:
            click.echo(f"{symbol('fail')} {store}: {trial.promise}, but {trial.found}")
    for one in examined:
        _show_model(one)
    next_step(_advice(examined, healthy=healthy))


def _show_model(one: Examined) -> None:
    sign = symbol("pass" if one.healthy else "fail")
    whole = f"{count(one.records, 'record')}, {count(one.versions, 'version')}"
    click.echo(f"{sign} {one.model}: {whole}{'' if one.symptoms else ', all of it whole'}")
    for key in one.repaired:
        click.echo(f"  {symbol('pass')} made again: {key}")
    for symptom in one.symptoms:
        size = f" ({symptom.size / 1e6:,.1f} MB)" if symptom.size else ""
        click.echo(f"  {symbol('fail' if symptom.harm else 'note')} {symptom.text}{size}")


def _advice(examined: tuple[Examined, ...], *, healthy: bool) -> str:
    kinds = {symptom.kind for one in examined for symptom in one.symptoms if symptom.harm}
    if healthy:
        return "Nothing is lost. Look again after moving or copying the store: keepfit doctor"
    if kinds == {"derived"}:
        return "Nothing is lost, but readers may be misled. Make it again: keepfit doctor --repair"
    return "What was lost must come from a backup: docs/how-to/doctor.md"
