"""A candidate becomes a version: its files, its manifest, its verdict."""

from __future__ import annotations

import msgspec

from keepfit.decide.junit import junit
from keepfit.digest import canonical
from keepfit.errors import KeepfitError
from keepfit.lifecycle.judging.challenge import Trained
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import CODE, COMPILED, JUNIT, KEYS, MODEL, VALIDATED
from keepfit.lifecycle.ports import Ports
from keepfit.records.version import Manifest
from keepfit.store.log.nouns import Claim, VersionState
from keepfit.store.registry import EVIDENCE, Registry
from keepfit.store.versions import described


def payload(model: Model, trained: Trained, judgement: Judgement, name: str) -> dict[str, bytes]:
    """Every file of a version but its manifest, by path."""
    return {
        **{MODEL + path: data for path, data in trained.fit.files.items()},
        **{COMPILED + path: data for path, data in trained.compiled.items()},
        **{CODE + path: data for path, data in model.code_files.items()},
        **trained.warm,
        KEYS: trained.fit.keys,
        **({VALIDATED: trained.fit.validated} if trained.fit.validated else {}),
        EVIDENCE: canonical(judgement),
        JUNIT: junit(judgement.evidence, judgement.verdict, name),
    }


def manifest_of(model: Model, trained: Trained, version: str, files: dict[str, bytes]) -> Manifest:
    """What the version consists of and how it can be made again; free of times and of chance."""
    candidate = msgspec.structs.replace(trained.fit.candidate, seconds=0.0)
    return Manifest(
        model=model.name,
        version=version,
        candidate=candidate,
        files=described(files),
        config=dict(model.resolved),
        recipe=trained.recipe,
        proof=trained.fit.proof,
    )


def publish(model: Model, ports: Ports, trained: Trained, claim: Claim) -> None:
    """Make the candidate the version that was claimed, with its evidence."""
    registry = ports.registry
    ports.say(model.name, "publishing")
    try:
        judgement = trained.judgement.naming(claim.version)
        files = payload(model, trained, judgement, f"{model.name} {claim.version}")
        manifest = manifest_of(model, trained, claim.version, files)
        registry.publish(model.name, claim, files, manifest)
    except (KeepfitError, KeyboardInterrupt) as error:
        # Its bytes may be deleted: everybody is told that this attempt is over.
        registry.abort(model.name, claim.attempt, str(error) or "stopped by hand")
        raise


def record_verdict(
    model: Model, registry: Registry, version: VersionState, said: Judgement
) -> None:
    """Write the verdict on a published version into the log, unless it is there."""
    if version.verdicts:
        return
    champion = said.evidence.champion
    registry.judged(
        model.name,
        version=version.version,
        evidence=version.evidence,
        outcome=said.verdict.outcome,
        against=champion.version if champion else None,
        why=said.verdict.why,
    )
