"""Retraining: freeze, train and judge, publish, release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keepfit.digest import Digest, digest_of
from keepfit.lifecycle.judging.challenge import freeze_rows, train
from keepfit.lifecycle.judging.champion import champion_for, champion_of
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.publish import publish, record_verdict
from keepfit.lifecycle.releasing.release import Release, release
from keepfit.records.base import Bump
from keepfit.records.rows import Snapshot
from keepfit.store.registry import Registry


@dataclass(frozen=True, slots=True)
class Retrained:
    """What became of a model in a run."""

    model: str
    version: str
    judgement: Judgement
    releases: tuple[Release, ...]  # what happened at each stage that it reached
    resumed: str = ""  # where its training went on from one that was ended
    already: bool = False  # the very same version had been published before


def retrain(  # noqa: PLR0913 why and how, said by name
    model: Model,
    ports: Ports,
    *,
    bump: Bump,
    reason: str,
    sources: Digest = "",
    until: datetime | None = None,
    op: str = "",
    anew: bool = False,
) -> Retrained:
    """Train a challenger for one model, let the gate decide, publish it, promote or ask.

    The same rows, config and code give the version that they gave before, unless it is to be made
    `anew`. An operation `op` makes one version, and answers with that one when it is given again.
    `until` leaves out rows of that moment or later, as if it were then.
    """
    registry = ports.registry
    snapshot = freeze_rows(model, ports, until=until)
    claims = registry.state(model.name).claims
    name = _operation(model, snapshot, registry, op, anew=anew)
    known = claims.get(name)
    already = known is not None and known.published
    if known and already:
        version, resumed = known.version, ""
    else:
        trained = train(model, ports, snapshot, champion_for(model, registry))
        # Only now is a number claimed: what cannot be trained or judged leaves no gap.
        claim = registry.begin(
            model.name,
            op=name,
            bump=bump,
            label=model.label,
            config=model.training,
            snapshot=snapshot.digest,
            sources=sources,
            code=model.code.digest,
            reason=reason,
            branch=model.branch,
        )
        publish(model, ports, trained, claim)
        version, resumed = claim.version, trained.fit.resumed
    published = registry.state(model.name).versions[version]
    judgement = judgement_of(registry, model.name, published)
    record_verdict(model, registry, published, judgement)
    once = already and name == op
    releases = release(model, registry, version, judgement.verdict, once=once)
    return Retrained(model.name, version, judgement, releases, resumed, already=already)


def _operation(model: Model, snapshot: Snapshot, registry: Registry, op: str, *, anew: bool) -> str:
    """The operation that claims the version: one that has begun to, else the one that is named."""
    state = registry.state(model.name)
    champion = champion_of(model, state) if model.spec.train == "update" else None
    content = [model.name, model.training, snapshot.digest, model.code.digest, ""]
    further = filter(None, [model.branch, champion and f"on from {champion.version}"])
    same = digest_of([*content, *further])
    if anew or not op:
        return op or same
    return next((name for name in (op, same) if name in state.claims), op)
