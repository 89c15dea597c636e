"""The one page on which somebody decides: verdict first, then what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keepfit.cli.render import count, table
from keepfit.cli.run import show_scores
from keepfit.cli.show import show_slices, show_verdict

if TYPE_CHECKING:
    from keepfit.lifecycle.releasing.decision import Decision
    from keepfit.records.evidence import Evidence
    from keepfit.records.version import Manifest


def show_decision(asked: Decision, until: str | None = None) -> None:
    """The page; `until` is the ISO time to which a yes would count."""
    version, evidence = asked.version, asked.judgement.evidence
    click.echo(
        click.style(f"{asked.model} {version.version}", bold=True)
        + f"  into {asked.stage}, which holds {asked.replaces or 'nothing yet'}"
    )
    show_verdict(asked.judgement)
    show_scores(evidence)
    show_slices(evidence)
    click.echo()
    table([(f"  {name}", told) for name, told in _facts(asked, evidence, until)])


def _facts(asked: Decision, evidence: Evidence, until: str | None) -> list[tuple[str, str]]:
    version, request = asked.version, asked.request
    why = f": {version.reason}" if version.reason else ""
    facts = [
        ("trained", f"by {version.actor}, {_time(version.at)}{why}"),
        ("data", _rows(asked.manifest)),
        *([("  before", _rows(asked.before))] if asked.before else []),
        ("changed", "; ".join(asked.changed) or _nothing(asked)),
        ("overlap", _overlap(evidence)),
        ("evidence", version.evidence),
    ]
    if request:
        end = f", open until {_time(request.expires)}" if request.expires else ""
        facts.append(("asked", f"by {request.actor}, {_time(request.at)}{end}"))
    if asked.approved:
        facts.append(("approved", f"by {', '.join(asked.approved)}"))
    if until:
        facts.append(("a yes", f"counts until {_time(until)}"))
    return facts


def _rows(manifest: Manifest) -> str:
    snapshot, split = manifest.recipe.snapshot, manifest.candidate.split
    span = f", {snapshot.time_from} to {snapshot.time_to}" if snapshot.time_from else ""
    return f"{count(snapshot.rows, 'row')}{span}; learned from {count(split.train, 'row')}"


def _nothing(asked: Decision) -> str:
    return "neither config nor code" if asked.before else "there is nothing to compare with"


def _overlap(evidence: Evidence) -> str:
    known = evidence.overlap
    if not known.challenger + known.champion:
        return "no holdout row was learned from"
    return (
        f"{count(known.trimmed, 'holdout row')} left out: this version had learned from "
        f"{known.challenger:,}, the champion from {known.champion:,}"
    )


def _time(text: str) -> str:
    return text[:16].replace("T", " ")
