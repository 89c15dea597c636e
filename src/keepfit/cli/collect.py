"""keepfit gc: what no rule keeps goes; what, and why, is shown first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.render import next_step, size, symbol, table
from keepfit.cli.session import Session, writes
from keepfit.errors import UnknownName

if TYPE_CHECKING:
    from keepfit.config.load import Project
    from keepfit.store.registry import Registry
    from keepfit.store.upkeep.collect import Removed
    from keepfit.store.upkeep.removal import Removal, Survey

WORDS = {
    "abort": "end and delete",
    "tombstone": "delete; for 7 days it can be had back",
    "reduce": "keep its recipe",
    "purge": "delete for good",
    "drop parts": "set aside for 7 days",
    "purge parts": "delete for good",
    "sweep": "delete leftovers",
}


@click.command("gc")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--yes", "-y", is_flag=True, help="Do it.")
@writes
def gc_(session: Session, models: tuple[str, ...], *, yes: bool) -> None:
    """Delete what no rule keeps; shows what and why, and does nothing without --yes."""
    from keepfit.lifecycle.collect import collect

    project = session.project()
    registry = session.registry(project)
    seen = _surveys(project, registry, models)
    drafts = registry.drafts()
    if not yes:
        others = [] if models else [m for m in registry.models() if m not in project.models]
        session.show(_planned(seen, drafts, others), lambda: _show(seen, drafts, others))
        return
    done = {name: list(collect(registry, one, op=session.op)) for name, one in seen.items()}
    swept = [registry.sweep(draft) for draft in drafts]
    session.show(_done(done, swept), lambda: _show_done(done, swept))


def _surveys(project: Project, registry: Registry, models: tuple[str, ...]) -> dict[str, Survey]:
    from keepfit.config.git import live_branches
    from keepfit.lifecycle.collect import Rules, survey

    branches = live_branches(project.root)
    if unknown := [name for name in models if name not in project.models]:
        raise UnknownName("model", unknown[0], project.models)
    names = models or tuple(project.models)
    specs = {name: project.models[name] for name in names}
    return {
        name: survey(registry, name, Rules(spec.keep, branches, spec.gate.versions))
        for name, spec in specs.items()
    }


def _show(seen: dict[str, Survey], drafts: list[Removal], others: list[str]) -> None:
    for name, one in seen.items():
        if one.kept:
            click.echo(click.style(f"{name}  keeps", bold=True))
            table([(f"  {kept.version}", kept.why) for kept in one.kept])
        if one.removals:
            click.echo(click.style(f"{name}  would", bold=True))
            table([_row(removal) for removal in one.removals])
        for key in one.strangers:
            click.echo(f"{symbol('warn')} {key}: no record explains it; it is left alone")
    for name in others:
        click.echo(f"{symbol('note')} {name}: keepfit.toml has no such model, so all of it stays")
    todo = [removal for one in seen.values() for removal in one.removals] + drafts
    if not todo:
        next_step("Nothing to delete: every rule is met.")
        return
    freed = sum(removal.size for removal in todo if removal.keys)
    later = sum(removal.size for removal in todo if not removal.keys)
    click.echo(f"{size(freed)} to be freed now, {size(later)} when their 7 days are over.")
    next_step("Nothing was deleted. To do it: keepfit gc --yes")


def _row(removal: Removal) -> tuple[str, str, str, str]:
    return (f"  {WORDS[removal.what]}", removal.name, removal.why, size(removal.size))


def _show_done(done: dict[str, list[Removed]], swept: list[Removed]) -> None:
    for name, removed in done.items():
        for one in removed:
            sign = symbol("refused" if one.refused else "pass")
            told = one.refused or f"{WORDS[one.removal.what]}: {one.removal.why}"
            click.echo(f"{sign} {name} {one.removal.name}  {told}")
    everything = [one for removed in done.values() for one in removed] + swept
    click.echo(f"{size(sum(one.freed for one in everything))} freed.")
    hidden = [
        (name, one.removal.name)
        for name, removed in done.items()
        for one in removed
        if one.removal.what == "tombstone" and not one.refused
    ]
    if hidden:
        name, version = hidden[0]
        next_step(f"Back within 7 days: keepfit undelete {name}@{version.partition('-')[0]}")
    else:
        next_step("What was deleted, when and why: keepfit history MODEL")


def _planned(seen: dict[str, Survey], drafts: list[Removal], others: list[str]) -> dict[str, Any]:
    return {
        "models": {
            name: {
                "kept": {kept.version: kept.why for kept in one.kept},
                "removals": [_record(removal) for removal in one.removals],
                "strangers": one.strangers,
            }
            for name, one in seen.items()
        },
        "drafts": [_record(draft) for draft in drafts],
        "undeclared": others,
    }


def _done(done: dict[str, list[Removed]], swept: list[Removed]) -> dict[str, Any]:
    return {
        "models": {name: [_removed(one) for one in removed] for name, removed in done.items()},
        "drafts": [_removed(one) for one in swept],
    }


def _removed(one: Removed) -> dict[str, Any]:
    return _record(one.removal) | {"freed": one.freed, "refused": one.refused}


def _record(removal: Removal) -> dict[str, Any]:
    return {
        "what": removal.what,
        "name": removal.name,
        "why": removal.why,
        "bytes": removal.size,
        "objects": len(removal.keys),
    }
