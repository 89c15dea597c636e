"""keepfit pin, unpin and undelete: what stays in the store, whatever the rules say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keepfit.cli.render import next_step, symbol
from keepfit.cli.session import Session, writes

if TYPE_CHECKING:
    from keepfit.store.registry import Registry


@click.command("undelete")
@click.argument("reference", metavar="REF")
@writes
def undelete_(session: Session, reference: str) -> None:
    """Have a version back that gc has deleted, within 7 days."""
    registry = session.registry(session.project())
    op = f"{session.op}/undelete"
    model, version = _done(registry, reference, op) or _named(registry, reference)
    registry.undelete(model, version, op=op)
    session.show({"model": model, "version": version}, lambda: _told(model, version, "is back"))


@click.command("pin")
@click.argument("reference", metavar="REF")
@click.option("--reason", default="", help="Why; it is recorded.")
@writes
def pin_(session: Session, reference: str, *, reason: str) -> None:
    """Keep a version for ever, whatever the rules say."""
    from keepfit.names import Reference

    project = session.project()
    registry = session.registry(project)
    op = f"{session.op}/pin"
    model, version = _done(registry, reference, op) or (
        (parsed := Reference.parse(reference)).model,
        registry.resolve(parsed, project.stages).version,
    )
    registry.pin(model, version, reason, op=op)
    session.show(
        {"model": model, "version": version, "pinned": reason},
        lambda: _told(model, version, "is pinned: gc keeps it"),
    )


@click.command("unpin")
@click.argument("reference", metavar="REF")
@writes
def unpin_(session: Session, reference: str) -> None:
    """Let the rules decide again whether a version is kept."""
    registry = session.registry(session.project())
    op = f"{session.op}/unpin"
    model, version = _done(registry, reference, op) or _named(registry, reference)
    registry.unpin(model, version, op=op)
    session.show(
        {"model": model, "version": version, "pinned": None},
        lambda: _told(model, version, "is not pinned any more"),
    )


def _done(registry: Registry, text: str, op: str) -> tuple[str, str] | None:
    """The model and the version that the operation was about, whatever the reference names now."""
    from keepfit.names import Reference
    from keepfit.store.log.events import Pin, Unpin, Untombstone

    model = Reference.parse(text).model
    event = registry.done(model, op)
    return (model, event.version) if isinstance(event, Pin | Unpin | Untombstone) else None


def _named(registry: Registry, text: str) -> tuple[str, str]:
    """The model and the version of a reference by number or label, deleted or not."""
    from keepfit.names import Reference

    reference = Reference.parse(text)
    return reference.model, registry.named(reference).version


def _told(model: str, version: str, what: str) -> None:
    click.echo(f"{symbol('pass')} {model} {version} {what}")
    next_step(f"What stays and why: keepfit gc {model}")
