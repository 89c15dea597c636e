"""keepfit report: one file that tells all that is known of a version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import next_step, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.report.facts import Report


@click.command("report")
@click.argument("reference", metavar="REF")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it; else below .keepfit/reports.",
)
@verb
def report_(session: Session, reference: str, output: Path | None) -> None:
    """Write the report on a version: one HTML file that opens offline, or JSON.

    It is made of what is stored, so that the same version gives the same bytes. With --json it is
    printed as JSON, or written to --output as JSON.
    """
    from keepfit.digest import canonical
    from keepfit.report.gather import gather
    from keepfit.report.write import place_of, write

    project = session.project()
    report = gather(session.registry(project), reference, project.stages, project.name)
    if session.json:
        if output is None:
            session.show(report, lambda: None)
        else:
            write(canonical(report), output)
        return
    from keepfit.report.page import page

    file = output or place_of(report, project.root)
    write(page(report).encode(), file)
    session.show(report, lambda: _show(report, file, project.root))


def _show(report: Report, file: Path, root: Path) -> None:
    outcome = report.verdict.outcome
    click.echo(f"{symbol(outcome)} {report.model} {report.version}  {outcome}")
    shown = file.relative_to(root) if file.is_relative_to(root) else file
    next_step(f"The report: {shown}")
