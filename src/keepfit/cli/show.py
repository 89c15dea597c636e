"""keepfit show: a version from the inside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.render import count, figure, next_step, symbol, table
from keepfit.cli.run import show_reasons, show_scores
from keepfit.cli.session import Session, verb
from keepfit.cli.told import in_words

if TYPE_CHECKING:
    from keepfit.lifecycle.judging.judgement import Judgement
    from keepfit.lifecycle.look import Inside
    from keepfit.records.evidence import Evidence
    from keepfit.records.version import Manifest

WIDEST = 24  # how many encoded columns are shown before the rest is only counted


@click.command("show")
@click.argument("reference", metavar="REF")
@verb
def show_(session: Session, reference: str) -> None:
    """Show a version: scores, verdict, data, encoding, recipe."""
    from keepfit.lifecycle.look import describe

    project = session.project()
    inside = describe(session.registry(project), reference, project.stages)
    session.show(inside, lambda: _show(inside))


def _show(inside: Inside) -> None:
    manifest, judgement, described = inside.manifest, inside.judgement, inside.described
    click.echo(click.style(f"{manifest.model} {manifest.version}", bold=True))
    show_verdict(judgement)
    _stages(inside)
    show_scores(judgement.evidence)
    show_slices(judgement.evidence)
    _rows(manifest, judgement.evidence)
    _encoding(described)
    _recipe(manifest, judgement.evidence)
    number = manifest.version.split("-")[0]
    next_step(f"All of it as a page: keepfit report {manifest.model}@{number}")


def _stages(inside: Inside) -> None:
    """How it came into the stages it was in: what was forced is told for ever."""
    if inside.promotions:
        click.echo("\nStages:")
        table(
            [(f"  {p.stage}", p.at[:16].replace("T", " "), in_words(p)) for p in inside.promotions]
        )


def show_verdict(judgement: Judgement) -> None:
    verdict = judgement.verdict
    click.echo(f"{symbol(verdict.outcome)} {verdict.outcome}")
    show_reasons(verdict)


def show_slices(evidence: Evidence) -> None:
    for title, slices in (("By slice", evidence.slices), ("Worst models", evidence.members)):
        if slices:
            click.echo(f"\n{title} ({evidence.metric}):")
            rows = [
                (f"{s.column} = {s.value}", f"{s.rows:,}", s.challenger, s.champion, s.note or "")
                for s in slices
            ]
            header = "slice" if slices is evidence.slices else "model"
            table(rows, (header, "rows", "this", "champion", ""), right="rows this champion")


def _rows(manifest: Manifest, evidence: Evidence) -> None:
    snapshot, split = manifest.recipe.snapshot, evidence.split
    click.echo(f"\nData: {count(snapshot.rows, 'row')} in {count(len(snapshot.parts), 'part')}")
    facts = [
        ("snapshot", snapshot.digest[:12]),
        ("from, to", f"{snapshot.time_from or '–'}, {snapshot.time_to or '–'}"),
        (f"split by {split.by}", f"{split.train:,} train, {split.holdout:,} holdout"),
    ]
    if split.validation:
        facts.append(("validation", f"{split.validation:,}"))
    if warm := manifest.recipe.warm:
        facts.append(("goes on from", f"{warm.version}, which had learned from {split.before:,}"))
    if split.unlabelled:
        facts.append(("without target", f"{split.unlabelled:,}, kept out"))
    for r in evidence.removals:
        facts.append((f"removed by {r.rule}", f"{r.rows:,}  ({r.condition})"))
        facts += [("  such as", _example(example)) for example in r.examples]
    facts += [(f.check, f"{symbol(f.severity)} {f.message}") for f in evidence.findings]
    table([("  " + name, value) for name, value in facts])


def _example(row: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())


def _encoding(described: dict[str, Any]) -> None:
    click.echo("\nModel:")
    for name, value in described.items():
        _told(name, value)


def _told(name: str, value: Any, indent: str = "  ") -> None:
    if isinstance(value, dict) and any(isinstance(v, list | dict) for v in value.values()):
        for inner, part in value.items():
            _told(f"{name} of {inner}", part, indent)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        click.echo(f"{indent}{name}")
        columns = tuple(dict.fromkeys(column for row in value for column in row))
        shown = [(indent, *(_cell(row.get(c, "")) for c in columns)) for row in value[:WIDEST]]
        table(shown, ("", *columns))
        if len(value) > WIDEST:
            click.echo(f"{indent}  and {len(value) - WIDEST:,} more; all with --json")
    elif value not in ([], {}):
        click.echo(f"{indent}{name}: {_cell(value)}")


def _cell(value: Any) -> str:
    if isinstance(value, dict) and list(value) == ["prediction"]:
        value = value["prediction"]
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, dict | list | tuple):
        text = json.dumps(value, default=str)
        return text if len(text) <= 80 else text[:77] + "…"
    return str(value)


def _recipe(manifest: Manifest, evidence: Evidence) -> None:
    recipe = manifest.recipe
    code = recipe.code
    commit = f"commit {code.commit[:7]}" if code.commit else "no commit"
    click.echo("\nRecipe:")
    table(
        [
            ("  kind", manifest.candidate.kind),
            ("  params", json.dumps(manifest.config.get("params", {}))),
            ("  code", f"{commit}, {count(len(code.files), 'file')} stored"),
            ("  seed", str(recipe.seed)),
            ("  python", f"{recipe.environment.python} on {recipe.environment.platform}"),
            ("  lock", f"{recipe.environment.lock} {recipe.environment.lock_digest[:12]}"),
            ("  model", manifest.candidate.digest[:12]),
            *(("  served", str(agreement)) for agreement in evidence.compiled),
        ]
    )
