"""keepfit approve, reject, promote and rollback: what moves a stage by hand. All show first."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepfit.cli.decision import show_decision
from keepfit.cli.look import moment
from keepfit.cli.render import next_step, symbol
from keepfit.cli.session import Session, writes
from keepfit.cli.signing import KEY, signer
from keepfit.durations import Duration
from keepfit.errors import NotApproved, UserError

if TYPE_CHECKING:
    from keepfit.lifecycle.releasing.release import Release


@click.command("approve")
@click.argument("model")
@click.option("--stage", help="Which request, where several wait.")
@click.option("--reason", default="", help="Why; it is recorded.")
@click.option("--expires", metavar="WHEN", help="Until when it counts: 2026-01-31, or 3 days.")
@KEY
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@writes
def approve_(  # noqa: PLR0913 the flags that users see
    session: Session,
    model: str,
    *,
    stage: str | None,
    reason: str,
    expires: str | None,
    key: Path | None,
    yes: bool,
) -> None:
    """Answer a pending request with yes, after showing its evidence on one page.

    The yes is to this very evidence: it is void once the version is judged again or the stage has
    moved. Where the project names signers, it is signed.
    """
    from keepfit.lifecycle.again import before
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.releasing.approve import approve, end_of, pending
    from keepfit.lifecycle.releasing.decision import decision

    project = session.project()
    registry, subject = session.registry(project), model_of(project, model)
    done = before(registry, model, session.op, ("approval", "approve"), stage)
    if done is None or done.what == "asked":
        request = pending(subject, registry.state(model), stage)
        until = _until(expires, registry.now()) if expires else None
        if not session.json and not session.quiet:
            asked = decision(subject, registry, request.version, request.stage)
            show_decision(asked, end_of(subject, registry, until))
        signs = signer(project, subject, request.stage, key)
        session.confirm(f"Let {model} {request.version} into {request.stage}?", yes=yes)
        about = (subject, registry, request, reason)
        done = approve(*about, expires=until, op=session.op, signer=signs)
    session.show(done, lambda: show_release(model, done))


@click.command("reject")
@click.argument("model")
@click.option("--stage", help="Which request, where several wait.")
@click.option("--reason", required=True, help="Why; it is recorded.")
@writes
def reject_(session: Session, model: str, *, stage: str | None, reason: str) -> None:
    """Answer a pending request with no."""
    from keepfit.lifecycle.again import before
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.releasing.approve import pending, reject

    project = session.project()
    registry, subject = session.registry(project), model_of(project, model)
    done = before(registry, model, session.op, ("reject",), stage)
    if done is None:
        request = pending(subject, registry.state(model), stage)
        done = reject(subject, registry, request, reason, op=session.op)
    session.show(done, lambda: show_release(model, done))


@click.command("promote")
@click.argument("reference", metavar="REF")
@click.option("--to", "stage", required=True, help="The stage.")
@click.option("--force", is_flag=True, help="Past the gate; needs --reason and is marked for ever.")
@click.option("--reason", default="", help="Why; it is recorded.")
@KEY
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@writes
def promote_(  # noqa: PLR0913 the flags that users see
    session: Session,
    reference: str,
    *,
    stage: str,
    force: bool,
    reason: str,
    key: Path | None,
    yes: bool,
) -> None:
    """Let a stage point at a version, through the same gate as `keepfit run`."""
    from keepfit.lifecycle.again import before
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.releasing.decision import decision
    from keepfit.lifecycle.releasing.promote import by_force, by_gate
    from keepfit.lifecycle.releasing.release import stage_named
    from keepfit.names import Reference

    if force and not reason.strip():
        raise UserError("--force passes over the gate", hint="say why with --reason")
    project = session.project()
    name = Reference.parse(reference).model
    subject = model_of(project, name)
    stage_named(subject, stage)
    hows = ("force",) if force else ("gate", "request")
    with session.ports(project) as ports:
        done = before(ports.registry, name, session.op, hows, stage)
        if done is None:
            version = ports.registry.resolve(Reference.parse(reference), project.stages)
            if not session.json and not session.quiet:
                show_decision(decision(subject, ports.registry, version.version, stage))
            signs = signer(project, subject, stage, key) if force else None
            session.confirm(f"Point {stage} at {name} {version.version}?", yes=yes)
            if force:
                about = (subject, ports.registry, version, stage, reason)
                done = by_force(*about, op=session.op, signer=signs)
            else:
                done = by_gate(subject, ports, version, stage, reason, op=session.op)
    session.show(done, lambda: show_release(name, done))
    if done.what == "asked":
        raise NotApproved(
            f"{name}: {stage} wants a person's yes", hint=f"keepfit approve {name} --stage {stage}"
        )


@click.command("rollback")
@click.argument("model")
@click.option("--stage", help="The stage; else the last one.")
@click.option("--reason", default="", help="Why; it is recorded.")
@KEY
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@writes
def rollback_(  # noqa: PLR0913 the flags that users see
    session: Session, model: str, *, stage: str | None, reason: str, key: Path | None, yes: bool
) -> None:
    """Let a stage point at what it held before, after checking that it loads."""
    from keepfit.lifecycle.again import before
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.releasing.release import back, rollback

    project = session.project()
    registry, subject = session.registry(project), model_of(project, model)
    where = stage or project.stages[-1]
    done = before(registry, model, session.op, ("rollback",), stage)
    if done is None:
        held, earlier = back(subject, registry, where)
        if not session.json and not session.quiet:
            click.echo(f"{model}@{where} goes back from {held.version} to {earlier}, which loads.")
        signs = signer(project, subject, where, key)
        session.confirm(f"Point {where} at {model} {earlier}?", yes=yes)
        done = rollback(subject, registry, where, reason, op=session.op, signer=signs)
    session.show(done, lambda: show_release(model, done))


def _until(text: str, now: datetime) -> datetime:
    """The time that a span from now or a time names; UserError with examples."""
    try:
        return Duration.parse(text).after(now)
    except ValueError:
        return moment(text)


def show_release(model: str, done: Release) -> None:
    """One step of a version at one stage, and what to do about it."""
    if done.what == "promoted":
        was = f" (was {done.was})" if done.was else ""
        click.echo(f"{symbol('promoted')} {model}@{done.stage} is {done.version}{was}")
        next_step(f"Use it: keepfit predict {model}@{done.stage} INPUT OUTPUT")
    elif done.what == "asked":
        people = "1 person" if done.waits_for == 1 else f"{done.waits_for} persons"
        click.echo(f"{symbol('asked')} {model} {done.version} waits for {people} at {done.stage}")
        next_step(f"Answer: keepfit approve {model}, or keepfit reject {model} --reason …")
    else:
        click.echo(f"{symbol('refused')} {model} {done.version} stays out of {done.stage}")
        next_step(f"See why: keepfit show {model}@{done.version}")
