"""keepfit rebuild and restore: a version made again from its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keepfit.cli.render import next_step, seconds, symbol
from keepfit.cli.session import Session, verb
from keepfit.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from keepfit.lifecycle.ports import Ports
    from keepfit.lifecycle.rebuild import Rebuilt, Scene
    from keepfit.store.nouns import VersionState

MOST = 12  # differences that are shown
SIGNS = {"IDENTICAL": "pass", "EQUAL": "warn", "DIFFERENT": "fail"}
HERE = click.option(
    "--here", is_flag=True, help="Train in this environment, although another was recorded."
)


@click.command("rebuild")
@click.argument("reference", metavar="REF")
@HERE
@verb
def rebuild_(session: Session, reference: str, *, here: bool) -> None:
    """Make a version again from its recipe, and say IDENTICAL, EQUAL or DIFFERENT, and why.

    The version is not changed. Exit code 0 for IDENTICAL and EQUAL, 3 for DIFFERENT, 4 where rows
    or the recorded environment cannot be had.
    """
    from keepfit.lifecycle.rebuild import rebuild

    rebuilt = _made(session, reference, rebuild, here=here)
    session.show(rebuilt, lambda: _show(rebuilt))
    if rebuilt.outcome == "DIFFERENT":
        raise Refused(
            f"{rebuilt.model} {rebuilt.version} was made again and is DIFFERENT; {rebuilt.cause}",
            hint="take away what differs, and rebuild again",
        )


@click.command("restore")
@click.argument("reference", metavar="REF")
@HERE
@verb
def restore_(session: Session, reference: str, *, here: bool) -> None:
    """Make a version again of which gc has kept the recipe, and have it live.

    Only if every byte is as it was published; else exit code 3 and the cause.
    """
    from keepfit.lifecycle.rebuild import restore

    rebuilt = _made(session, reference, restore, here=here)
    session.show(rebuilt, lambda: _show(rebuilt, restored=True))


def _made(
    session: Session,
    text: str,
    make: Callable[[VersionState, str, Ports, Scene], Rebuilt],
    *,
    here: bool,
) -> Rebuilt:
    from keepfit.lifecycle.rebuild import Scene
    from keepfit.names import LATEST, Reference
    from keepfit.store.resolve import named

    project = session.project()
    reference = Reference.parse(text)
    with session.ports(project) as ports:
        registry = ports.registry
        if reference.selector in (*project.stages, LATEST):
            version = registry.resolve(reference, project.stages)
        else:
            version = named(registry.state(reference.model), reference)
        return make(version, reference.model, ports, Scene(project.root, any_environment=here))


def _show(rebuilt: Rebuilt, *, restored: bool = False) -> None:
    name = click.style(f"{rebuilt.model} {rebuilt.version}", bold=True)
    outcome = f"{rebuilt.outcome}, and live again" if restored else rebuilt.outcome
    sign = symbol(SIGNS[rebuilt.outcome])
    click.echo(f"{sign} {name}  {outcome}  {seconds(rebuilt.seconds)}")
    click.echo(f"  code: {rebuilt.code}")
    click.echo(f"  data: {rebuilt.data}")
    click.echo(f"  environment: {rebuilt.environment}")
    if rebuilt.outcome == "IDENTICAL":
        click.echo(f"  {rebuilt.files} files, byte for byte as they were published")
    _show_differences(rebuilt)
    number = rebuilt.version.partition("-")[0]
    if restored:
        pin = f'keepfit pin {rebuilt.model}@{number} --reason "…"'
        next_step(f"The rules that let it go let it go again, unless: {pin}")
    else:
        next_step(f"What it was made from: keepfit show {rebuilt.model}@{number}")


def _show_differences(rebuilt: Rebuilt) -> None:
    harmless = rebuilt.outcome == "IDENTICAL"
    lead = "differs, without harm: " if harmless else ""
    for difference in rebuilt.differs[:MOST]:
        sign = symbol("note" if harmless else SIGNS[rebuilt.outcome])
        click.echo(f"  {sign} {lead}{difference.input}: {difference.text}")
    if len(rebuilt.differs) > MOST:
        click.echo(f"  and {len(rebuilt.differs) - MOST} more; all with --json")
