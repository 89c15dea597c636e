"""keepfit plan: what is due, and why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import next_step, seconds, symbol, table
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.lifecycle.plan import Plan

SOMETHING_IS_DUE = 5


@click.command("plan")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--check", is_flag=True, help="Exit with 5 when something is due.")
@verb
def plan_(session: Session, models: tuple[str, ...], *, check: bool) -> None:
    """Say which models need retraining, and why. Nothing is written."""
    from keepfit.lifecycle.model import models_of
    from keepfit.lifecycle.plan import plan

    project = session.project()
    with session.ports(project) as ports:
        plans = [plan(model, ports) for model in models_of(project, models, cache=ports.cache)]
    session.show(plans, lambda: _show(plans, session.same))
    if check and any(p.status == "due" for p in plans):
        sys.exit(SOMETHING_IS_DUE)


def _show(plans: list[Plan], same: str) -> None:
    rows: list[tuple[str, str, str, str]] = []
    for p in plans:
        first, *others = p.reasons
        rows.append((symbol(p.status), p.model, p.status, first))
        rows += [("", "", "", other) for other in others]
        rows += [
            (
                symbol("asked"),
                "",
                "asked",
                f"{stage} waits for an answer: keepfit approve {p.model}",
            )
            for stage in p.asked
        ]
    table(rows)
    due = [p for p in plans if p.status == "due"]
    if not due:
        next_step("Nothing is due. Look at the versions with: keepfit list")
        return
    known = [p.seconds for p in due if p.seconds is not None]
    about = f", about {seconds(sum(known))}" if len(known) == len(due) else ""
    next_step(f"{len(due)} due{about}. Run: keepfit run{same}")
