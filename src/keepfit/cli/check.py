"""keepfit check: everything that is wrong, at once."""

from __future__ import annotations

import click

from keepfit.cli.render import count, next_step, symbol, table
from keepfit.cli.session import Session, verb
from keepfit.errors import ConfigError


@click.command("check")
@click.option("--show", is_flag=True, help="Print every value and where it came from.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of keepfit.toml for editors.")
@verb
def check_(session: Session, *, show: bool, schema: bool) -> None:
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
    from keepfit.lifecycle.check import check_model, check_store

    problems = [p for name in project.models for p in check_model(project, name)]
    problems += check_store(project)
    if problems:
        raise ConfigError(problems)
    session.show(
        {"models": sorted(project.models), "problems": []},
        lambda: _all_well(sorted(project.models), project.store),
    )


def _all_well(models: list[str], store: str) -> None:
    for name in models:
        click.echo(f"{symbol('pass')} {name}: file, code and sources are in order")
    click.echo(f"{symbol('pass')} store {store} can be written")
    next_step(f"{count(len(models), 'model')} checked. Next: keepfit plan")
