"""keepfit check: everything that is wrong, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keepfit.cli.render import count, next_step, symbol, table
from keepfit.cli.session import Session, verb
from keepfit.errors import ConfigError, GateFailed, UnknownName

if TYPE_CHECKING:
    from keepfit.config.project import Project
    from keepfit.lifecycle.judging.selftest import SelfTest, Trial


@click.command("check")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--show", is_flag=True, help="Print every value and where it came from.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of keepfit.toml for editors.")
@click.option(
    "--gate", is_flag=True, help="Show the gate sabotaged candidates: it must refuse each."
)
@verb
def check_(
    session: Session, models: tuple[str, ...], *, show: bool, schema: bool, gate: bool
) -> None:
    """Check the file, the code it names, the reach of sources and store: all that is wrong."""
    if schema:
        from keepfit.config.jsonschema import json_schema
        from keepfit.digest import canonical
        from keepfit.kinds import known, params_of

        click.echo(canonical(json_schema({name: params_of(name) for name in known()})).decode())
        return
    project = session.project()
    if show:
        from keepfit.config.show import explain

        lines = explain(project)
        session.show(
            [{"key": k, "value": v, "from": o} for k, v, o in lines],
            lambda: table([(k, o, v) for k, v, o in lines], ("key", "from", "value")),
        )
        return
    if gate:
        _check_gate(session, project, models)
        return
    from keepfit.lifecycle.check import check_model, check_store, notes_on

    names = _named(project, models)
    problems = [p for name in names for p in check_model(project, name)]
    problems += check_store(project)
    if problems:
        raise ConfigError(problems)
    notes = {name: notes_on(project, name) for name in names}
    session.show(
        {"models": names, "problems": [], "notes": notes},
        lambda: _all_well(notes, project.store),
    )


def _all_well(notes: dict[str, list[str]], store: str) -> None:
    for name, told in notes.items():
        click.echo(f"{symbol('pass')} {name}: file, code and sources are in order")
        for note in told:
            click.echo(f"{symbol('note')} {name}: {note}")
    click.echo(f"{symbol('pass')} store {store} can be written")
    next_step(f"{count(len(notes), 'model')} checked. Next: keepfit plan")


def _named(project: Project, models: tuple[str, ...]) -> list[str]:
    """The models asked for, or all of the file; UnknownName with a guess."""
    for name in models:
        if name not in project.models:
            raise UnknownName("model", name, project.models)
    return sorted(models or project.models)


def _check_gate(session: Session, project: Project, models: tuple[str, ...]) -> None:
    """Sabotaged candidates before the gate of each model; GateFailed if one is let through."""
    from keepfit.lifecycle.judging.selftest import gate_test
    from keepfit.lifecycle.model import models_of

    with session.ports(project) as ports:
        subjects = models_of(project, models, cache=ports.cache)
        tests = [gate_test(model, ports) for model in subjects]
    session.show(tests, lambda: _show_tests(tests))
    through = [(test.model, name) for test in tests for name in test.let_through]
    if through:
        model, name = through[0]
        raise GateFailed(
            f"{model}: the gate lets a candidate through that is sabotaged ({name})"
            + (f", and {len(through) - 1:,} more" if len(through) > 1 else ""),
            hint=f"look at model.{model}.gate: min_gain, confidence, and rules with a severity of"
            " warn; a model that hardly beats a constant cannot be told from one",
        )


def _show_tests(tests: list[SelfTest]) -> None:
    for test in tests:
        click.echo(f"{test.model} on {count(test.rows, 'holdout row')}")
        for trial in test.trials:
            _show_trial(trial)
        said = "is refused by the gate as well" if test.honest.refused else "passes"
        click.echo(f"  {symbol('note')} an honest model against a constant {said}: ", nl=False)
        click.echo(test.honest.reason)
    refused = sum(trial.refused for test in tests for trial in test.trials)
    total = sum(len(test.trials) for test in tests)
    next_step(f"{refused:,} of {total:,} sabotaged candidates refused. Next: keepfit plan")


def _show_trial(trial: Trial) -> None:
    how = "refused" if trial.refused else "let through"
    sign = symbol("pass" if trial.refused else "fail")
    click.echo(f"  {sign} {trial.candidate}: {how}: {trial.reason}")
