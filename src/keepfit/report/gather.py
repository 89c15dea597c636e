"""From the registry to a report: the log, the manifests and the evidence, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec

from keepfit.errors import KeepfitError
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.look import Inside, describe
from keepfit.names import Reference
from keepfit.records.exhibits import Profile
from keepfit.report.differences import differences
from keepfit.report.facts import Differences, Effect, Epoch, Happening, Learning, Past, Report
from keepfit.report.happenings import happenings
from keepfit.store.log.nouns import VersionState
from keepfit.store.registry import Registry

MOST_PAST, MOST_EFFECTS, MOST_RECORDS = 50, 60, 5_000


def gather(registry: Registry, text: str, stages: tuple[str, ...], project: str) -> Report:
    """Everything that is told of the version that `MODEL@…` names.

    UnknownName with what there is. What is no longer there, or was never kept, is named in
    `missing` with the reason.
    """
    reference = Reference.parse(text)
    held = registry.resolve(reference, stages)
    inside = describe(registry, f"{reference.model}@{held.version}", stages)
    evidence = _evidence(registry, reference.model, held)
    missing: dict[str, str] = {}
    if inside.judgement.evidence.exhibits is None:
        missing["exhibits"] = "it was judged by a release of keepfit that kept no pictures"
    return Report(
        model=reference.model,
        version=held.version,
        project=project,
        kind=inside.manifest.candidate.kind,
        description=inside.manifest.config.get("description", ""),
        owner=inside.manifest.config.get("owner", ""),
        card={key: told for key, told in inside.manifest.config.get("card", {}).items() if told},
        published=held.at,
        author=held.actor,
        why=held.reason,
        verdict=inside.judgement.verdict,
        evidence_digest=held.evidence,
        evidence=evidence,
        happenings=_happenings(registry, reference.model, held, missing),
        past=_past(registry, reference.model, held, inside.judgement.evidence.metric),
        effects=_effects(inside.described),
        learning=_learning(inside.described),
        differences=_differences(registry, inside, missing),
        recipe=inside.manifest.recipe,
        config=inside.manifest.config,
        digest=inside.manifest.candidate.digest,
        missing=missing,
    )


def _evidence(registry: Registry, model: str, held: VersionState) -> dict[str, Any]:
    """The newest evidence with every field that it has, those that this release does not know."""
    whole = msgspec.json.decode(registry.evidence(model, held.version))
    evidence: dict[str, Any] = whole["evidence"]
    return evidence


def _happenings(
    registry: Registry, model: str, held: VersionState, missing: dict[str, str]
) -> tuple[Happening, ...]:
    since = registry.state(model).next - held.seq
    if since > MOST_RECORDS:
        missing["happenings"] = (
            f"of the {since:,} records since it was published only the newest {MOST_RECORDS:,} "
            "were looked at"
        )
    newest = registry.history(model, min(since, MOST_RECORDS))
    return happenings(newest, held.version, held.attempt)


def _past(registry: Registry, model: str, held: VersionState, metric: str) -> tuple[Past, ...]:
    earlier = registry.state(model).versions.top(
        MOST_PAST,
        lambda v: v.status == "live" and v.branch == held.branch and v.number <= held.number,
        (None, (held.number[0], held.number[1], held.number[2] + 1)),
    )
    return tuple(_past_of(registry, model, one, metric) for one in reversed(earlier))


def _past_of(registry: Registry, model: str, one: VersionState, metric: str) -> Past:
    try:
        judgement = msgspec.json.decode(registry.evidence(model, one.version), type=Judgement)
    except (KeepfitError, msgspec.MsgspecError):
        return Past(version=one.version, at=one.at, outcome=None, value=None, rows=0)
    scores = judgement.evidence.scores
    score = next((score for score in scores if score.metric == metric), None)
    return Past(
        version=one.version,
        at=one.at,
        outcome=judgement.verdict.outcome,
        value=score.challenger if score else None,
        champion=score.champion if score else None,
        rows=judgement.evidence.rows,
    )


def _effects(described: dict[str, Any]) -> tuple[Effect, ...]:
    """The coefficients of a linear kind; a row a class where there are several."""
    found = [
        Effect(
            feature=row["column"],
            level=row.get("level"),
            output=output,
            weight=weight,
            standardised=row["standardised"][output],
        )
        for row in described.get("coefficients", ())
        for output, weight in row["weight"].items()
    ]
    return tuple(found[:MOST_EFFECTS])


def _learning(described: dict[str, Any]) -> Learning | None:
    """The epochs of a network."""
    if not (epochs := described.get("epochs")):
        return None
    return Learning(
        loss=described["loss"],
        kept=described["kept epoch"],
        epochs=tuple(msgspec.convert(one, Epoch) for one in epochs),
    )


def _differences(registry: Registry, inside: Inside, missing: dict[str, str]) -> Differences | None:
    evidence = inside.judgement.evidence
    version = evidence.champion.version if evidence.champion else None
    if version is None:
        missing["differences"] = "it was held against no champion"
        return None
    model = inside.manifest.model
    try:
        champion = registry.manifest(model, version)
        profile = _profile(registry, model, version)
    except KeepfitError as error:
        missing["differences"] = f"what the champion {version} was made of is gone: {error}"
        return None
    ours = evidence.exhibits.profile if evidence.exhibits else None
    if ours is None or profile is None:
        whose = "this version" if ours is None else f"the champion {version}"
        missing["drift"] = f"the evidence on {whose} does not describe its training rows"
    return differences(inside.manifest, champion, ours, profile)


def _profile(registry: Registry, model: str, version: str) -> Profile | None:
    data = registry.evidence(model, version)
    exhibits = msgspec.json.decode(data, type=Judgement).evidence.exhibits
    return exhibits.profile if exhibits else None
