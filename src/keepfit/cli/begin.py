"""keepfit init: a project that runs at once."""

from __future__ import annotations

from pathlib import Path

import click

from keepfit.cli.render import next_step, symbol
from keepfit.cli.session import Session, verb


@click.command("init")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("--from", "table", type=click.Path(path_type=Path), help="A CSV or Parquet file.")
@click.option("--target", help="The column to predict, where the guess would be wrong.")
@click.option("--example", help="flights, care, heart or tariff.")
@verb
def init_(
    session: Session, folder: Path, table: Path | None, target: str | None, example: str | None
) -> None:
    """Begin a project in DIR: from your own table, from an example, or from a tiny one."""
    from keepfit.errors import UserError
    from keepfit.lifecycle.begin import begin

    if table and example:
        raise UserError("--from and --example exclude each other")
    files = begin(folder, table=table, target=target, example=example)
    session.show([str(f) for f in files], lambda: _show(folder, files))


def _show(folder: Path, files: list[Path]) -> None:
    for file in files:
        click.echo(f"{symbol('pass')} {file}")
    enter = "" if folder == Path() else f"cd {folder} && "
    next_step(f"Read keepfit.toml, then: {enter}keepfit check && keepfit run")
