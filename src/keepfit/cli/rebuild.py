"""keepfit rebuild and restore: a version made again from its recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from keepfit.cli.render import next_step, seconds, symbol
from keepfit.cli.session import Session, verb, writes
from keepfit.errors import Refused

if TYPE_CHECKING:
    from keepfit.lifecycle.rebuilding.rebuild import Rebuilt

T = TypeVar("T")
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
    from keepfit.lifecycle.rebuilding.rebuild import rebuild

    _, _, rebuilt = _made(session, reference, rebuild, here=here)
    session.show(rebuilt, lambda: _show_rebuilt(rebuilt))
    if rebuilt.outcome == "DIFFERENT":
        raise Refused(
            f"{rebuilt.model} {rebuilt.version} was made again and is DIFFERENT; {rebuilt.cause}",
            hint="take away what differs, and rebuild again",
        )


@click.command("restore")
@click.argument("reference", metavar="REF")
@HERE
@writes
def restore_(session: Session, reference: str, *, here: bool) -> None:
    """Make a version again of which gc has kept the recipe, and have it live.

    Only if every byte is as it was published; else exit code 3 and the cause.
    """
    from functools import partial

    from keepfit.lifecycle.rebuilding.rebuild import restore

    made = partial(restore, op=f"{session.op}/restore")
    model, version, rebuilt = _made(session, reference, made, here=here)
    record = {"model": model, "version": version, "status": "live"}
    session.show(record, lambda: _show_restored(model, version, rebuilt))


def _made(session: Session, text: str, make: Callable[..., T], *, here: bool) -> tuple[str, str, T]:
    """The model and version that are meant, and what `make` makes of them."""
    from keepfit.lifecycle.rebuilding.rebuild import Scene
    from keepfit.names import LATEST, Reference

    project = session.project()
    reference = Reference.parse(text)
    model = reference.model
    with session.ports(project) as ports:
        registry = ports.registry
        if reference.selector in (*project.stages, LATEST):
            version = registry.resolve(reference, project.stages)
        else:
            version = registry.named(reference)
        made = make(version, model, ports, Scene(project.root, any_environment=here))
    return model, version.version, made


def _show_restored(model: str, version: str, rebuilt: Rebuilt | None) -> None:
    if rebuilt is None:
        click.echo(f"{symbol('pass')} {model} {version} is live: nothing is to be restored")
    else:
        _show(rebuilt, outcome=f"{rebuilt.outcome}, and live again")
    number = version.partition("-")[0]
    pin = f'keepfit pin {model}@{number} --reason "…"'
    next_step(f"The rules that let it go let it go again, unless: {pin}")


def _show(rebuilt: Rebuilt, *, outcome: str) -> None:
    name = click.style(f"{rebuilt.model} {rebuilt.version}", bold=True)
    sign = symbol(SIGNS[rebuilt.outcome])
    click.echo(f"{sign} {name}  {outcome}  {seconds(rebuilt.seconds)}")
    click.echo(f"  code: {rebuilt.code}")
    click.echo(f"  data: {rebuilt.data}")
    click.echo(f"  environment: {rebuilt.environment}")
    if rebuilt.outcome == "IDENTICAL":
        click.echo(f"  {rebuilt.files} files, byte for byte as they were published")
    _show_differences(rebuilt)


def _show_rebuilt(rebuilt: Rebuilt) -> None:
    _show(rebuilt, outcome=rebuilt.outcome)
    number = rebuilt.version.partition("-")[0]
    next_step(f"What it was made from: keepfit show {rebuilt.model}@{number}")


def _show_differences(rebuilt: Rebuilt) -> None:
    harmless = rebuilt.outcome == "IDENTICAL"
    lead = "differs, without harm: " if harmless else ""
    for difference in rebuilt.differs[:MOST]:
        sign = symbol("note" if harmless else SIGNS[rebuilt.outcome])
        click.echo(f"  {sign} {lead}{difference.input}: {difference.text}")
    if len(rebuilt.differs) > MOST:
        click.echo(f"  and {len(rebuilt.differs) - MOST} more; all with --json")
