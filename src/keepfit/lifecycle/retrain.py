"""Retraining: freeze, train and judge, publish, release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keepfit.digest import Digest, digest_of
from keepfit.lifecycle.challenge import freeze_rows, train
from keepfit.lifecycle.champion import champion_for
from keepfit.lifecycle.judgement import Judgement
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.publish import publish, record_verdict
from keepfit.lifecycle.release import Release, release
from keepfit.records import Bump


@dataclass(frozen=True, slots=True)
class Retrained:
    """What became of a model in a run."""

    model: str
    version: str
    judgement: Judgement
    releases: tuple[Release, ...]  # what happened at each stage that it reached
    already: bool = False  # the very same version had been published before


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
        trained = train(model, ports, snapshot, champion_for(model, registry))
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
        publish(model, ports, trained, claim)
        version = claim.version
    published = registry.state(model.name).versions[version]
    judgement = judgement_of(registry, model.name, published)
    record_verdict(model, registry, published, judgement)
    releases = release(model, registry, version, judgement.verdict)
    return Retrained(model.name, version, judgement, releases, already=already)
