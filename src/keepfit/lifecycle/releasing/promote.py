"""Promotion by hand: through the same gate on fresh evidence, or past it for ever marked."""

from __future__ import annotations

from keepfit.decide.approval import who_must_act
from keepfit.digest import canonical
from keepfit.errors import GateFailed, UserError
from keepfit.lifecycle.judging.compare import judge_again
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.releasing.release import Release, ask, loads, point, stage_named
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.statement import Signer
from keepfit.store.registry import Registry


def by_gate(  # noqa: PLR0913 what, where, why, and under which name
    model: Model,
    ports: Ports,
    version: VersionState,
    stage: str,
    reason: str,
    *,
    op: str | None = None,
) -> Release:
    """Promote the version, ask for it, or raise GateFailed with the reasons.

    The evidence must compare with what the stage holds now; if it does not, both are judged again
    on the rows that the sources hold now.
    """
    registry = ports.registry
    state = registry.state(model.name)
    held = state.stages.get(stage_named(model, stage))
    if held and held.version == version.version:
        raise UserError(f"{model.name}: {stage} points at {version.version} already")
    loads(model, registry, version)
    judgement = _judgement_against(model, ports, version, held.version if held else None)
    action = who_must_act(judgement.verdict, model.spec.promote.mode(stage))
    if action == "refuse":
        raise GateFailed(
            f"{model.name} {version.version} was not promoted: {judgement.verdict.why}",
            hint="past the gate, marked for ever: "
            f"keepfit promote {model.name}@{version.version} --to {stage} --force --reason …",
        )
    was = held.version if held else None
    state = registry.state(model.name)
    if action == "ask":
        ask(model, registry, state, version.version, stage, op=op)
        return Release(stage, version.version, "asked", was, model.spec.promote.approvers)
    about = (version.version, stage, held)
    point(registry, model.name, *about, how="gate", reason=reason, op=op)
    return Release(stage, version.version, "promoted", was)


def by_force(  # noqa: PLR0913 what, where, why, under which name, and signed by whom
    model: Model,
    registry: Registry,
    version: VersionState,
    stage: str,
    reason: str,
    *,
    op: str | None = None,
    signer: Signer | None = None,
) -> Release:
    """Promote past the gate; the record says so for ever. UserError without a reason."""
    if not reason.strip():
        raise UserError("--force passes over the gate", hint="say why with --reason")
    signer = model.trust.signed(stage_named(model, stage), signer)
    held = registry.state(model.name).stages.get(stage_named(model, stage))
    loads(model, registry, version)
    about = (version.version, stage, held)
    point(registry, model.name, *about, how="force", reason=reason, op=op, signer=signer)
    return Release(stage, version.version, "promoted", held.version if held else None)


def _judgement_against(
    model: Model, ports: Ports, version: VersionState, champion: str | None
) -> Judgement:
    """The stored judgement if it was held against `champion`, else a new one, which is recorded."""
    last = version.verdicts[-1] if version.verdicts else None
    if last and last.against == champion:
        return judgement_of(ports.registry, model.name, version)
    judgement = judge_again(model, ports, version, champion)
    ports.registry.judged(
        model.name,
        version=version.version,
        evidence=ports.registry.keep_evidence(model.name, canonical(judgement)),
        outcome=judgement.verdict.outcome,
        against=champion,
        why=judgement.verdict.why,
    )
    return judgement
