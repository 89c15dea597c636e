"""What somebody must know who lets a version into a stage."""

from __future__ import annotations

from keepfit.config.diff import changes
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.records.base import Record
from keepfit.records.version import Manifest
from keepfit.store.log.events import Request
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.state import State
from keepfit.store.registry import Registry


class Decision(Record, frozen=True, kw_only=True):
    """A version before a stage."""

    model: str
    version: VersionState
    stage: str
    judgement: Judgement  # the newest
    manifest: Manifest
    replaces: str | None  # the version that the stage holds
    before: Manifest | None  # of that version, if it is still there
    changed: tuple[str, ...]  # of config and code since then, in words
    request: Request | None = None  # what asks for it
    approved: tuple[str, ...] = ()  # by whom so far


def decision(model: Model, registry: Registry, version: str, stage: str) -> Decision:
    """All that is shown before somebody decides; Corrupt where it is not what was published."""
    state = registry.state(model.name)
    held = state.versions[version]
    manifest = registry.manifest(model.name, version)
    promotion = state.stages.get(stage)
    replaces = promotion.version if promotion else None
    live = replaces is not None and state.versions[replaces].status == "live"
    before = registry.manifest(model.name, replaces) if replaces and live else None
    return Decision(
        model=model.name,
        version=held,
        stage=stage,
        judgement=judgement_of(registry, model.name, held),
        manifest=manifest,
        replaces=replaces,
        before=before,
        changed=_changed(before, manifest) if before else (),
        request=state.requests.get((version, stage)),
        approved=_approved(state, held, stage),
    )


def _approved(state: State, held: VersionState, stage: str) -> tuple[str, ...]:
    given = state.approvals.get((held.version, stage), {}).values()
    return tuple(approval.actor for approval in given if approval.evidence == held.evidence)


def _changed(before: Manifest, after: Manifest) -> tuple[str, ...]:
    found = [str(change) for change in changes(before.config, after.config)]
    files = before.recipe.code.named.items() ^ after.recipe.code.named.items()
    return (*found, *(f"{path} changed" for path in sorted({path for path, _ in files})))
