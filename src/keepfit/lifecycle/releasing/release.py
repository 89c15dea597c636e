"""How a judged version reaches the stages: by itself, after a person's yes, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keepfit.decide.approval import who_must_act
from keepfit.errors import UnknownName, UserError
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import open_version
from keepfit.records.evidence import Verdict
from keepfit.store.log.nouns import StageState, VersionState, iso
from keepfit.store.log.state import State
from keepfit.store.log.statement import Signer
from keepfit.store.registry import Registry


@dataclass(frozen=True, slots=True)
class Release:
    """What happened to a version at one stage."""

    stage: str
    version: str
    what: Literal["promoted", "asked", "refused", "branch"]  # branch: it is not of the main one
    was: str | None = None  # what the stage held before
    waits_for: int = 0  # how many more persons must approve


def release(
    model: Model, registry: Registry, version: str, verdict: Verdict, *, once: bool = False
) -> tuple[Release, ...]:
    """Walk the version through the stages in order until one of them stops it.

    What was trained on another branch than the main one moves no stage by itself. With `once`, a
    stage that the version has reached before is left to whoever moved it since.
    """
    if model.branch and model.stages:
        held = registry.state(model.name).stages.get(model.stages[0])
        return (Release(model.stages[0], version, "branch", held.version if held else None),)
    done: list[Release] = []
    for stage in model.stages:
        state = registry.state(model.name)
        if (held := state.stages.get(stage)) and held.version == version:
            continue
        if once and was_released(state, version, stage):
            continue
        step = _enter(model, registry, state, version, stage, verdict)
        done.append(step)
        if step.what != "promoted":
            break
    return tuple(done)


def was_released(state: State, version: str, stage: str) -> bool:
    """Whether the version has been in the stage, waits for an answer there, or was rejected."""
    entered = any(held.version == version for held in state.past.get(stage, []))
    asked = (version, stage) in state.requests
    return entered or asked or any(r.version == version for r in state.rejections)


def _enter(  # noqa: PLR0913 the six facts of one step
    model: Model, registry: Registry, state: State, version: str, stage: str, verdict: Verdict
) -> Release:
    held = state.stages.get(stage)
    was = held.version if held else None
    action = who_must_act(verdict, model.spec.promote.mode(stage))
    if action == "promote":
        point(registry, model.name, version, stage, held, how="gate")
        return Release(stage, version, "promoted", was)
    if action == "ask":
        ask(model, registry, state, version, stage)
        return Release(stage, version, "asked", was, waits_for=model.spec.promote.approvers)
    return Release(stage, version, "refused", was)


def ask(  # noqa: PLR0913 who is asked about what, and under which name
    model: Model,
    registry: Registry,
    state: State,
    version: str,
    stage: str,
    *,
    op: str | None = None,
) -> None:
    """Ask people to let the version into the stage, for as long as `promote.valid_for` says."""
    held = state.stages.get(stage)
    valid = model.spec.promote.valid_for
    registry.request(
        model.name,
        version=version,
        stage=stage,
        evidence=state.versions[version].evidence,
        expect=held.seq if held else None,
        expires=iso(valid.after(registry.now())) if valid else None,
        op=op and f"{op}/request",
    )


def point(  # noqa: PLR0913 what, where, what was there, and why
    registry: Registry,
    model: str,
    version: str,
    stage: str,
    held: StageState | None,
    *,
    how: str,
    reason: str = "",
    approvals: tuple[int, ...] = (),
    op: str | None = None,
    signer: Signer | None = None,
) -> None:
    """Point the stage at the version, unless somebody moved it since `held` was read: Conflict.

    `approvals` are the records that it rests on.
    """
    registry.promote(
        model,
        version=version,
        stage=stage,
        expect=held.seq if held else None,
        how=how,
        reason=reason,
        approvals=approvals,
        op=op and f"{op}/{how}",
        signer=signer,
    )


def loads(model: Model, registry: Registry, version: VersionState) -> None:
    """Corrupt where a stage would point at a version that cannot be loaded as it was published."""
    open_version(registry, model.name, version, model.root)


def stage_named(model: Model, stage: str) -> str:
    """`stage`, if the project has it; UnknownName with a guess."""
    if stage not in model.stages:
        raise UnknownName("stage", stage, model.stages)
    return stage


def back(model: Model, registry: Registry, stage: str) -> tuple[StageState, str]:
    """What the stage holds, and what it held before, which was loaded to see that it works."""
    state = registry.state(model.name)
    held = state.stages.get(stage_named(model, stage))
    before = state.before(stage)
    if held is None or before is None:
        raise UserError(
            f"{model.name}: {stage} has held nothing else, so there is nothing to go back to",
            hint=f"keepfit history {model.name}",
        )
    loads(model, registry, state.versions[before])
    return held, before


def rollback(  # noqa: PLR0913 where, why, under which name, and signed by whom
    model: Model,
    registry: Registry,
    stage: str,
    reason: str,
    *,
    op: str | None = None,
    signer: Signer | None = None,
) -> Release:
    """Point the stage at what it held before, after checking that it loads."""
    signer = model.trust.signed(stage, signer)
    held, before = back(model, registry, stage)
    about = (before, stage, held)
    point(registry, model.name, *about, how="rollback", reason=reason, op=op, signer=signer)
    return Release(stage, before, "promoted", held.version)
