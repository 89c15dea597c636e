"""keepfit evaluate and compare: versions on rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import count, next_step, symbol, table
from keepfit.cli.run import show_benchmarks
from keepfit.cli.session import Session, verb
from keepfit.errors import UserError

if TYPE_CHECKING:
    from keepfit.lifecycle.judging.compare import Compared, Evaluated
    from keepfit.records.disagreement import DisagreementRow
    from keepfit.records.evidence import Evidence

DATA = click.option(
    "--data", type=click.Path(path_type=Path), help="Rows to score; else the present holdout."
)


@click.command("evaluate")
@click.argument("reference", metavar="REF")
@DATA
@verb
def evaluate_(session: Session, reference: str, data: Path | None) -> None:
    """Score a version on the present holdout, or on rows of your own."""
    from keepfit.lifecycle.judging.compare import evaluate
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.open import open_reference
    from keepfit.lifecycle.releasing.trust import trust_of
    from keepfit.names import Reference

    project = session.project()
    asked = (project.stages, project.root, partial(trust_of, project))
    model = model_of(project, Reference.parse(reference).model)
    with session.ports(project) as ports:
        opened = open_reference(ports.registry, reference, *asked)
        scored = evaluate(model, ports, opened, data)
    session.show(scored, lambda: _show_scores(scored))


def _show_scores(scored: Evaluated) -> None:
    click.echo(f"{scored.model} {scored.version} on {count(scored.rows, 'row')} of {scored.data}")
    if scored.learned_from:
        click.echo(
            f"{symbol('warn')} it learned from {count(scored.learned_from, 'more row')} there; "
            "they were left out"
        )
    table([(s.metric, s.challenger, s.error or "") for s in scored.scores])
    for finding in scored.findings:
        click.echo(f"{symbol(finding.severity)} {finding.message}")
    show_benchmarks(scored.benchmarks)
    next_step(f"Against another version: keepfit compare {scored.model}@… {scored.model}@…")


@click.command("compare")
@click.argument("first", metavar="REF")
@click.argument("second", metavar="[REF]", required=False)
@DATA
@click.option("--ways", is_flag=True, help="Of one MODEL: its ways to learn, on past periods.")
@click.option("--periods", type=click.IntRange(min=1), default=6, help="With --ways: how many.")
@click.option("--every", default="month", help="With --ways: day, week, month, '2 weeks'.")
@verb
def compare_(  # noqa: PLR0913 the flags that users see
    session: Session,
    first: str,
    second: str | None,
    *,
    data: Path | None,
    ways: bool,
    periods: int,
    every: str,
) -> None:
    """Compare two versions on the same rows: the first challenges the second.

    With --ways, compare how one model may keep learning (`train` in the file): each period is
    judged by what was learned from rows before it.
    """
    if ways:
        if second or data:
            raise UserError("--ways is about one model; expected: keepfit compare MODEL --ways")
        from keepfit.cli.ways import show_ways

        show_ways(session, first, periods, every)
        return
    if second is None:
        raise UserError(
            "there is one version; expected two",
            hint=f"keepfit compare {first} REF, or keepfit compare MODEL --ways",
        )
    _compare(session, first, second, data)


def _compare(session: Session, first: str, second: str, data: Path | None) -> None:
    from keepfit.lifecycle.judging.compare import compare
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.open import open_reference
    from keepfit.lifecycle.releasing.trust import trust_of
    from keepfit.names import Reference

    project = session.project()
    asked = (project.stages, project.root, partial(trust_of, project))
    name = Reference.parse(first).model
    if Reference.parse(second).model != name:
        raise UserError(
            f"{first} and {second} are versions of different models; expected two of one model",
            hint=f"hold another kind or other params against {name}'s champion, without publishing "
            f"anything: keepfit train {name} --set model.{name}.kind=KIND",
        )
    with session.ports(project) as ports:
        challenger, champion = (
            open_reference(ports.registry, text, *asked) for text in (first, second)
        )
        compared = compare(
            model_of(project, name, cache=ports.cache), ports, challenger, champion, data
        )
    session.show(compared, lambda: _show_compared(compared))


def _show_compared(compared: Compared) -> None:
    evidence, verdict = compared.judgement.evidence, compared.judgement.verdict
    champion = evidence.champion.version if evidence.champion else None
    click.echo(f"{evidence.model} on {count(evidence.rows, 'row')} that neither has learned from")
    rows = [(s.metric, s.challenger, s.champion, s.error or "") for s in evidence.scores]
    header = ("metric", evidence.challenger.version or "", champion or "", "")
    table(rows, header, right=" ".join(header[1:3]))
    for reason in verdict.reasons:
        click.echo(f"{symbol(reason.outcome)} {reason.text}")
    show_benchmarks(evidence.benchmarks)
    show_disagreements(evidence)
    next_step(f"Look inside: keepfit show {evidence.model}@{evidence.challenger.version}")


def show_disagreements(evidence: Evidence) -> None:
    """The rows on which the sides differ most, and the slices."""
    from keepfit.records.disagreement import PROBABILITIES

    found = evidence.disagreements
    if found is None:
        return
    click.echo(f"\nThey differ on {found.differing:,} of {count(found.rows, 'row')}.")
    if found.one_sided:
        click.echo(f"{count(found.one_sided, 'row')} would be answered by one of them alone.")
    if found.most:
        # Two that answer with one label may be far apart in how sure they are.
        by = f", by the {found.distance}" if found.distance == PROBABILITIES else ""
        click.echo(f"Where they disagree most{by}:")
        named = tuple(_name(found.most[0]))
        rows = [
            (*_name(row).values(), row.truth, row.challenger, row.champion, *_apart(row, by))
            for row in found.most
        ]
        table(rows, (*named, "truth", "first", "second", *(["apart"] if by else [])))
    if found.slices:
        click.echo(f"\nBy slice ({found.distance}):")
        slices = [
            (f"{s.slice} = {s.value}", f"{s.differing:,} of {s.rows:,}", s.mean)
            for s in found.slices
        ]
        table(slices, ("slice", "differ", "mean"), right="mean")


def _apart(row: DisagreementRow, by: str) -> tuple[float, ...]:
    return (row.distance,) if by else ()


def _name(row: DisagreementRow) -> dict[str, str]:
    """What tells a row from others: its key, else its first features."""
    return row.key or dict(list(row.features.items())[:3])
