"""keepfit verify: one version held against everything that is written about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keepfit.cli.render import next_step, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.lifecycle.rebuilding.verify import Verified

SIGNS = {"good": "pass", "note": "note", "refused": "warn", "broken": "fail"}
EXIT = {"good": 0, "refused": 3, "broken": 4}


@click.command("verify")
@click.argument("reference", metavar="REF")
@click.option("--accept", is_flag=True, help="Take the log as it is, whatever was seen before.")
@verb
def verify_(session: Session, reference: str, *, accept: bool) -> None:
    """Verify a version: its log from the first record on, every file, rows, verdict, approvals.

    Nothing but the store is asked, and nothing is written to it. Exit code 4 where something is
    lost or changed, 3 where all is whole but a rule was broken.
    """
    from keepfit.lifecycle.rebuilding.verify import verify_version
    from keepfit.lifecycle.releasing.trust import trust_of
    from keepfit.names import Reference
    from keepfit.store.open import open_store

    project = session.project()
    named = Reference.parse(reference if "@" in reference else f"{reference}@latest")
    seen = session.seen(project)
    if accept:
        seen.forget(named.model)
        seen.save()
    about = (named, project.stages, trust_of(project, named.model))
    verified = verify_version(open_store(project.store), session.registry(project), seen, *about)
    session.show(verified, lambda: _show(verified))
    if code := EXIT[verified.outcome]:
        raise SystemExit(code)


def _show(verified: Verified) -> None:
    name = f"{verified.model} {verified.version}" if verified.version else verified.model
    click.echo(click.style(name, bold=True))
    for point in verified.points:
        click.echo(f"{symbol(SIGNS[point.outcome])} {point.what:<9} {point.text}")
    if verified.outcome == "broken":
        next_step("What else is wrong with the store, and what can be made again: keepfit doctor")
    elif verified.outcome == "refused":
        next_step(f"What happened to it, and who did it: keepfit history {verified.model}")
    else:
        next_step(f"To hold the log against later: {verified.records} records, {verified.head}")
