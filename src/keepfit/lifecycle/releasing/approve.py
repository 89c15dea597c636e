"""A person's answer to a request: yes, to this very evidence and for so long, or no."""

from __future__ import annotations

from datetime import datetime

from keepfit.errors import NotApproved, UserError
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.releasing.release import Release, loads, point, stage_named
from keepfit.lifecycle.releasing.trust import Wish, counted, same_person
from keepfit.store.log.nouns import RequestState, StageState, iso, time_of
from keepfit.store.log.state import State
from keepfit.store.log.statement import Signer
from keepfit.store.registry import Registry


def pending(model: Model, state: State, stage: str | None) -> RequestState:
    """The request that waits for an answer; UserError if there is none, or one must be named."""
    if stage:
        stage_named(model, stage)
    waiting = [r for r in state.requests.values() if stage in (None, r.stage)]
    if not waiting:
        where = f" for {stage}" if stage else ""
        raise UserError(
            f"{model.name}: nothing waits for an answer{where}",
            hint=f"keepfit history {model.name}",
        )
    if len(waiting) > 1:
        names = ", ".join(r.stage for r in waiting)
        raise UserError(f"{model.name}: requests wait for {names}", hint="name one with --stage")
    return waiting[0]


def approve(  # noqa: PLR0913 to what, why, how long, under which name, and signed by whom
    model: Model,
    registry: Registry,
    request: RequestState,
    reason: str,
    *,
    expires: datetime | None = None,
    op: str | None = None,
    signer: Signer | None = None,
) -> Release:
    """Say yes to the evidence; the stage moves when enough different persons have said so.

    The yes counts until `expires`, else for as long as `promote.valid_for` says. NotApproved where
    the request is over or this person may not answer; UserError where what it asks has changed.
    """
    signer = model.trust.signed(request.stage, signer)
    state = registry.state(model.name)
    held = state.stages.get(request.stage)
    _still_asked(model, state, held, request)
    _in_time(model, registry, request)
    _may_answer(model, registry, state, request, signer)
    loads(model, registry, state.versions[request.version])
    state = registry.approve(
        model.name,
        version=request.version,
        stage=request.stage,
        evidence=request.evidence,
        expect=request.expect,
        reason=reason,
        expires=end_of(model, registry, expires),
        op=op and f"{op}/approve",
        signer=signer,
    )
    return _enter(model, registry, state, held, request, reason, op=op, signer=signer)


def end_of(model: Model, registry: Registry, expires: datetime | None) -> str | None:
    """The ISO time until which a yes counts: as said, but never longer than the file lets it."""
    now, valid = registry.now(), model.spec.promote.valid_for
    if expires and expires <= now:
        raise UserError(f"--expires {expires:%Y-%m-%d %H:%M} is past; expected a time to come")
    ends = [end for end in (expires, valid and valid.after(now)) if end]
    return iso(min(ends)) if ends else None


def reject(
    model: Model, registry: Registry, request: RequestState, reason: str, *, op: str | None = None
) -> Release:
    """Say no: the request is closed and the stage stays as it is; UserError without a reason."""
    if not reason.strip():
        raise UserError("a rejection is recorded with its reason", hint="say why with --reason")
    held = registry.state(model.name).stages.get(request.stage)
    registry.reject(
        model.name,
        version=request.version,
        stage=request.stage,
        reason=reason,
        op=op and f"{op}/reject",
    )
    return Release(request.stage, request.version, "refused", held.version if held else None)


def _enter(  # noqa: PLR0913 the facts of one step
    model: Model,
    registry: Registry,
    state: State,
    held: StageState | None,
    request: RequestState,
    reason: str,
    *,
    op: str | None,
    signer: Signer | None,
) -> Release:
    """Point the stage at the version if enough persons have said yes."""
    version, stage = state.versions[request.version], request.stage
    wish = Wish(version, stage, request.expect, request.evidence, registry.now())
    said = counted(model.trust, wish, [*state.approvals.get((version.version, stage), {}).values()])
    was = held.version if held else None
    missing = model.spec.promote.approvers - len(said.approvals)
    if missing > 0:
        return Release(stage, version.version, "asked", was, waits_for=missing)
    seqs = tuple(sorted(approval.seq for approval in said.approvals))
    about = (registry, model.name, version.version, stage, held)
    point(*about, how="approval", reason=reason, approvals=seqs, op=op, signer=signer)
    return Release(stage, version.version, "promoted", was)


def _still_asked(
    model: Model, state: State, held: StageState | None, request: RequestState
) -> None:
    again = f"keepfit promote {model.name}@{request.version} --to {request.stage}"
    if (held.seq if held else None) != request.expect:
        found = held.version if held else "nothing"
        raise UserError(
            f"{model.name}: {request.stage} points at {found} since the question was asked, so the "
            "evidence compares with something else",
            hint=again,
        )
    evidence = state.versions[request.version].evidence
    if evidence != request.evidence:
        raise UserError(
            f"{model.name}: {request.version} was judged again since the question was asked: the "
            f"evidence was {request.evidence[:12]}, and is {evidence[:12]}",
            hint=again,
        )


def _in_time(model: Model, registry: Registry, request: RequestState) -> None:
    """NotApproved where the request is over, by its own word or by what the file says now."""
    valid, asked = model.spec.promote.valid_for, time_of(request.at)
    ends = [time_of(request.expires)] if request.expires else []
    if valid and asked:
        ends.append(valid.after(asked))
    over = [end for end in ends if end is None or end <= registry.now()]
    if over:
        raise NotApproved(
            f"{model.name}: the request to let {request.version} into {request.stage}, asked "
            f"{request.at[:16]}, has expired",
            hint=f"ask anew: keepfit promote {model.name}@{request.version} --to {request.stage}",
        )


def _may_answer(
    model: Model,
    registry: Registry,
    state: State,
    request: RequestState,
    signer: Signer | None,
) -> None:
    author = state.versions[request.version].actor
    names = {registry.actor, signer.name} if signer else {registry.actor}
    if model.spec.promote.four_eyes and any(same_person(name, author) for name in names):
        raise NotApproved(
            f"{model.name}: {author} has published {request.version}, and four_eyes = true: "
            "somebody else must approve it",
            hint=f"ask another person: keepfit approve {model.name} --stage {request.stage}",
        )
