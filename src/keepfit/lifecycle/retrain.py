"""Retraining: freeze, train while the champion is scored, judge, publish, release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from keepfit.decide.junit import junit
from keepfit.digest import Digest, canonical, digest_of, sha256
from keepfit.errors import KeepfitError, Refused
from keepfit.lifecycle.champion import champion_of
from keepfit.lifecycle.judgement import Contender, Ground, Judgement, judged
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.open import CODE, JUNIT, KEYS, MODEL, Opened, open_version
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.release import Release, release
from keepfit.records import Bump, Manifest, Recipe, Side, Snapshot
from keepfit.store.nouns import Claim
from keepfit.store.registry import EVIDENCE
from keepfit.store.versions import described
from keepfit.train.job import Fit, Job

if TYPE_CHECKING:
    from keepfit.data.prepare import Prepared


@dataclass(frozen=True, slots=True)
class Trained:
    """A candidate with everything that was measured of it."""

    fit: Fit
    recipe: Recipe
    judgement: Judgement
    champion: str | None  # the version it was held against


@dataclass(frozen=True, slots=True)
class Retrained:
    """What became of a model in a run."""

    model: str
    version: str
    judgement: Judgement
    releases: tuple[Release, ...]  # what happened at each stage that it reached
    already: bool = False  # the very same version had been published before


def freeze_rows(model: Model, ports: Ports, *, until: datetime | None = None) -> Snapshot:
    """The rows that the sources hold now (or held before `until`), stored once."""
    from keepfit.data.snapshot import freeze

    ports.say(model.name, "reading the sources")
    parts = ports.registry.parts(model.name)
    return freeze(
        model.spec, model.root, parts, until=until, environ=ports.environ, cache=ports.cache
    )


def train(model: Model, ports: Ports, snapshot: Snapshot, champion: Opened | None) -> Trained:
    """A candidate and its evidence; the challenger learns while the champion is evaluated."""
    parts = ports.registry.parts(model.name)
    paths = {part.digest: parts.path(part.digest) for part in snapshot.parts}
    ports.say(model.name, "training")
    running = ports.trainer.train(
        Job.of(model.spec, snapshot, paths, root=model.root, code=model.code)
    )
    prepared = _prepared(model, ports, snapshot, paths, champion)
    ground = Ground.holdout(prepared, model.spec.target)
    theirs = Contender.of(champion, ground) if champion else None
    fit = running.result()
    ports.say(model.name, "judging")
    _same_rows(model, fit, prepared)
    ours = Contender(
        Side(digest=fit.candidate.digest),
        prepared.split.train_keys,
        ground.predicted(fit.predictor(model.spec, model.transform())),
    )
    judgement = judged(model, ground, fit.candidate, ours, theirs)
    recipe = Recipe(
        code=model.code,
        snapshot=snapshot,
        config_digest=model.training,
        seed=model.spec.split.seed,
        environment=fit.environment,
    )
    return Trained(fit, recipe, judgement, champion.state.version if champion else None)


def _prepared(
    model: Model,
    ports: Ports,
    snapshot: Snapshot,
    paths: Mapping[Digest, Path],
    champion: Opened | None,
) -> Prepared:
    """The rows, once the checks have let them pass."""
    from keepfit.data.check import refuse
    from keepfit.data.prepare import prepare

    prepared = prepare(
        snapshot,
        model.spec,
        paths.__getitem__,
        root=model.root,
        transform=model.transform(),
        previous=champion.manifest.candidate.schema if champion else None,
        now=ports.clock(),
    )
    refuse(prepared.findings, keep_bad_rows(model, prepared))
    return prepared


def keep_bad_rows(model: Model, prepared: Prepared) -> str | None:
    """The rows to blame as a file that people can open, or None where there are none."""
    file = model.root / ".keepfit" / f"{model.name}.bad.csv"
    if prepared.bad.is_empty():
        file.unlink(missing_ok=True)
        return None
    file.parent.mkdir(exist_ok=True)
    prepared.bad.write_csv(file)
    return str(file.relative_to(model.root))


def _same_rows(model: Model, fit: Fit, prepared: Prepared) -> None:
    """Both processes cut the same rows, or the project's own code is not to be relied on."""
    theirs, ours = fit.candidate.split, prepared.split.report
    if theirs != ours:
        raise Refused(
            f"{model.name}: two processes prepared the same snapshot and got different rows: "
            f"{theirs.train:,} and {ours.train:,} to train on",
            hint="data.transform must give the same rows each time: no clock, no chance, no files",
        )


def payload(model: Model, trained: Trained, judgement: Judgement, name: str) -> dict[str, bytes]:
    """Every file of a version but its manifest, by path."""
    return {
        **{MODEL + path: data for path, data in trained.fit.files.items()},
        **{CODE + path: data for path, data in model.code_files.items()},
        KEYS: trained.fit.keys,
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
    )


def retrain(  # noqa: PLR0913 why and how, said by name
    model: Model,
    ports: Ports,
    *,
    bump: Bump,
    reason: str,
    sources: Digest = "",
    until: datetime | None = None,
    again: str = "",
) -> Retrained:
    """Train a challenger for one model, let the gate decide, publish it, promote or ask.

    The same rows, config and code give the version that they gave before; `again` makes another.
    `until` leaves out rows of that moment or later, as if it were then.
    """
    registry = ports.registry
    snapshot = freeze_rows(model, ports, until=until)
    content = [model.name, model.training, snapshot.digest, model.code.digest, again]
    op = digest_of([*content, model.branch] if model.branch else content)
    known = registry.state(model.name).claims.get(op)
    already = known is not None and known.published
    if known and already:
        version = known.version
    else:
        trained = train(model, ports, snapshot, _champion(model, ports))
        # Only now is a number claimed: what cannot be trained or judged leaves no gap.
        claim = registry.begin(
            model.name,
            op=op,
            bump=bump,
            label=model.label,
            config=model.training,
            snapshot=snapshot.digest,
            sources=sources,
            code=model.code.digest,
            reason=reason,
            branch=model.branch,
        )
        _publish(model, ports, trained, claim)
        version = claim.version
    published = registry.state(model.name).versions[version]
    judgement = judgement_of(registry, model.name, published)
    releases = release(model, registry, version, judgement.verdict)
    return Retrained(model.name, version, judgement, releases, already=already)


def _champion(model: Model, ports: Ports) -> Opened | None:
    best = champion_of(model, ports.registry.state(model.name))
    return open_version(ports.registry, model.name, best, model.root) if best else None


def _publish(model: Model, ports: Ports, trained: Trained, claim: Claim) -> None:
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
    registry.judged(
        model.name,
        version=claim.version,
        evidence=sha256(files[EVIDENCE]),
        outcome=judgement.verdict.outcome,
        against=trained.champion,
        why=judgement.verdict.why,
    )
