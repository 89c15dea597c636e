"""keepfit doctor: verify a store, and repair what its logs tell as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.render import count, next_step, size, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.lifecycle.doctor import Examined
    from keepfit.store.backends.probe import Trial
    from keepfit.store.upkeep.verify import Symptom


@dataclass(frozen=True, slots=True)
class Store:
    """All that was found."""

    address: str
    trials: tuple[Trial, ...]
    mark: tuple[Symptom, ...]
    models: tuple[Examined, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is lost or misleading, and all that must be kept was kept."""
        kept = all(trial.kept for trial in self.trials)
        whole = not any(symptom.harm for symptom in self.mark)
        return kept and whole and all(model.healthy for model in self.models)

    def report(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {
            "store": self.address,
            "healthy": self.healthy,
            "trials": self.trials,
            "mark": self.mark,
            "models": self.models,
        }


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
    from keepfit.lifecycle.doctor import Visit, examine, look_at_mark, models_in, try_store
    from keepfit.store.open import open_store

    project = session.project()
    objects = open_store(project.store)
    mark = look_at_mark(objects)
    names = models_in(objects, models)
    trials = () if no_trials else try_store(objects, partial(datetime.now, UTC))
    examined = tuple(examine(objects, names, Visit(deep=not quick, repair=repair)))
    store = Store(project.store, trials, mark, examined)
    session.show(store.report(), lambda: _show(store))
    if not store.healthy:
        raise SystemExit(4)


def _show(store: Store) -> None:
    if store.trials and all(trial.kept for trial in store.trials):
        click.echo(f"{symbol('pass')} {store.address} stood {count(len(store.trials), 'trial')}")
    for trial in store.trials:
        if not trial.kept:
            click.echo(f"{symbol('fail')} {store.address}: {trial.promise}, but {trial.found}")
    for symptom in store.mark:
        click.echo(f"{symbol('fail' if symptom.harm else 'note')} {symptom.text}")
    for one in store.models:
        _show_model(one)
    next_step(_advice(store))


def _show_model(one: Examined) -> None:
    sign = symbol("pass" if one.healthy else "fail")
    whole = f"{count(one.records, 'record')}, {count(one.versions, 'version')}"
    click.echo(f"{sign} {one.model}: {whole}{'' if one.symptoms else ', all of it whole'}")
    for key in one.repaired:
        click.echo(f"  {symbol('pass')} made again: {key}")
    for symptom in one.symptoms:
        freed = f" ({size(symptom.size)})" if symptom.size else ""
        click.echo(f"  {symbol('fail' if symptom.harm else 'note')} {symptom.text}{freed}")


def _advice(store: Store) -> str:
    symptoms = [*store.mark, *(symptom for one in store.models for symptom in one.symptoms)]
    kinds = {symptom.kind for symptom in symptoms if symptom.harm}
    if not store.healthy and kinds == {"derived"} and all(t.kept for t in store.trials):
        return "Nothing is lost, but readers may be misled. Make it again: keepfit doctor --repair"
    if not store.healthy and not kinds:
        return "Nothing is lost, but nothing can be written safely: docs/how-to/doctor.md"
    if not store.healthy:
        return "What was lost must come from a backup: docs/how-to/doctor.md"
    if not store.models:
        return "No model has been trained into this store yet. If one has: is `store` right?"
    return "Nothing is lost. Look again after moving or copying the store: keepfit doctor"
