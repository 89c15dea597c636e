"""keepfit list, show, history and live: what the registry holds. Nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import click
import msgspec

from keepfit.cli.render import next_step, table
from keepfit.cli.session import Session, verb
from keepfit.cli.told import in_words, told
from keepfit.errors import UnknownName, UserError

if TYPE_CHECKING:
    from keepfit.config.load import Project
    from keepfit.store.log.nouns import Entry, VersionState
    from keepfit.store.log.state import State
    from keepfit.store.registry import Registry

_SOME = click.IntRange(min=1)


def known_model(project: Project, registry: Registry, name: str) -> str:
    """`name`, if the project declares it or the store has its log; UnknownName with a guess."""
    if name not in project.models and not registry.state(name).next:
        raise UnknownName("model", name, {*project.models, *registry.models()})
    return name


@click.command("list")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--limit", type=_SOME, default=20, show_default=True, help="Newest versions a model.")
@click.option("--branch", help="Only versions trained on this git branch, or on main.")
@verb
def list_(session: Session, models: tuple[str, ...], *, limit: int, branch: str | None) -> None:
    """List the versions, newest first, and the stages that point at them."""
    project = session.project()
    registry = session.registry(project)
    names = [known_model(project, registry, m) for m in models] or list(project.models)
    rows = [
        row for name in names for row in version_rows(name, registry.state(name), limit, branch)
    ]
    session.show(rows, lambda: _show_list(rows, branch))


def version_rows(
    model: str, state: State, limit: int, branch: str | None = None
) -> list[dict[str, str]]:
    """A row a version that is not deleted, newest first, `limit` at most; of one branch or all."""
    held: dict[str, list[str]] = {}
    for stage, promotion in state.stages.items():
        held.setdefault(promotion.version, []).append(stage)
    forced: dict[str, dict[str, None]] = {}
    for stage, promotions in state.past.items():
        for promotion in promotions:
            if promotion.how == "force":
                forced.setdefault(promotion.version, {})[stage] = None
    wanted = (
        v
        for v in state.versions.newest_first()
        if v.status == "live" and branch in (None, v.branch or "main")
    )
    return [
        _row(model, v, held.get(v.version, []), list(forced.get(v.version, ())))
        for v in islice(wanted, limit)
    ]


def _row(model: str, v: VersionState, stages: list[str], forced: list[str]) -> dict[str, str]:
    return {
        "model": model,
        "version": v.version,
        "stages": ", ".join(stages),
        "forced": ", ".join(forced),
        "verdict": v.verdicts[-1].outcome if v.verdicts else "",
        "published": v.at[:16].replace("T", " "),
        "by": v.actor,
        "branch": v.branch or "main",
        "why": v.reason,
    }


def _show_list(rows: list[dict[str, str]], branch: str | None) -> None:
    if not rows and branch:
        click.echo(f"No version was trained on the branch {branch}.")
        next_step("See all: keepfit list")
        return
    if not rows:
        click.echo("There are no versions yet.")
        next_step("Make the first: keepfit run")
        return
    plain = {"branch": "main", "forced": ""}  # columns that are shown where a row says otherwise
    shown = [n for n in rows[0] if n not in plain or any(r[n] != plain[n] for r in rows)]
    table([[row[name] for name in shown] for row in rows], shown)
    newest = rows[0]
    next_step(f"Look inside one: keepfit show {newest['model']}@{newest['version'].split('-')[0]}")


@click.command("history")
@click.argument("model")
@click.option("--limit", type=_SOME, default=50, show_default=True, help="Newest records.")
@verb
def history_(session: Session, model: str, *, limit: int) -> None:
    """Tell what happened to a model, from its log."""
    project = session.project()
    registry = session.registry(project)
    entries = registry.history(known_model(project, registry, model), limit)
    session.show([_record(e) for e in entries], lambda: _show_history(model, entries))


def _record(entry: Entry) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(entry.event)
    return plain | ({"void": entry.void} if entry.void else {})


def _show_history(model: str, entries: tuple[Entry, ...]) -> None:
    if not entries:
        click.echo(f"{model} has no history yet.")
        next_step("Begin it: keepfit run")
        return
    table(
        [
            (e.event.seq, e.event.at[:16].replace("T", " "), e.event.actor, *told(e))
            for e in entries
        ],
        ("seq", "when (UTC)", "who", "what", "which", "why"),
        right="seq",
    )
    next_step("What was live at a time: keepfit live MODEL --at 2013-06-01")


@click.command("live")
@click.argument("model")
@click.option("--at", "at", required=True, help="A time, such as 2013-06-01 or 2013-06-01T12:00.")
@click.option("--stage", help="The stage; else the last one.")
@verb
def live_(session: Session, model: str, *, at: str, stage: str | None) -> None:
    """Say what was live at a time (UTC where the time names no zone)."""
    project = session.project()
    registry = session.registry(project)
    state = registry.state(known_model(project, registry, model))
    asked = stage or project.stages[-1]
    if asked not in project.stages:
        raise UnknownName("stage", asked, project.stages)
    promotion = state.set_at(asked, moment(at))
    version, how = (promotion.version, promotion.how) if promotion else (None, None)
    forced = f", {in_words(promotion)}" if promotion and promotion.how == "force" else ""
    session.show(
        {"model": model, "stage": asked, "at": moment(at).isoformat(), "version": version}
        | ({"how": how} if how else {}),
        lambda: click.echo(f"{model}@{asked} at {at}: {version or 'nothing'}{forced}"),
    )


def moment(text: str) -> datetime:
    """The time that `text` names, in UTC where it names no zone; UserError with examples."""
    padded = f"{text}-01" if len(text) == len("2013-06") else text
    try:
        parsed = datetime.fromisoformat(padded)
    except ValueError as error:
        raise UserError(
            f"`{text}` is not a time; expected one such as 2013-06, 2013-06-01 or 2013-06-01T12:00"
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
