"""keepfit run and train: retraining, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.failure import show_failure
from keepfit.cli.look import moment
from keepfit.cli.render import count, next_step, seconds, symbol, table
from keepfit.cli.session import Session, verb, writes
from keepfit.errors import Refused, UserError

if TYPE_CHECKING:
    from keepfit.lifecycle.releasing.release import Release
    from keepfit.lifecycle.run import Done, How
    from keepfit.lifecycle.train import Kept
    from keepfit.records.base import Bump
    from keepfit.records.comparison import BenchmarkScore
    from keepfit.records.evidence import Evidence, Verdict
    from keepfit.train.worker import Trainer


@click.command("run")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--force", is_flag=True, help="Retrain although nothing is due.")
@click.option(
    "--bump", type=click.Choice(["major", "minor", "patch"]), help="Instead of the computed step."
)
@click.option("--as-of", metavar="TIME", help="Use only rows before this time, as if it were then.")
@writes
def run_(
    session: Session, models: tuple[str, ...], *, force: bool, bump: Bump | None, as_of: str | None
) -> None:
    """Retrain what is due: train, judge, publish, promote or ask."""
    from keepfit.lifecycle.run import How
    from keepfit.train.worker import Trainer

    until = moment(as_of) if as_of else None
    how = How(force=force, bump=bump, as_of=until, op=session.op, named=session.named)
    with Trainer() as trainer:
        trainer.start()  # it imports what training needs while we read the file
        done = _run_all(session, models, trainer, how)
    session.show([_record(one) for one in done], lambda: _show_end(done))
    if failed := [one.error for one in done if one.error]:
        raise SystemExit(max(error.exit_code for error in failed))
    if refused := [one for one in done if one.refused]:
        raise Refused(
            f"the gate refused {count(len(refused), 'challenger')}; the champion stays",
            hint=f"keepfit show {refused[0].plan.model}@latest",
        )


def _run_all(session: Session, models: tuple[str, ...], trainer: Trainer, how: How) -> list[Done]:
    from keepfit.lifecycle.model import models_of
    from keepfit.lifecycle.run import run

    done: list[Done] = []
    project = session.project()
    with session.ports(project, trainer) as ports:
        for one in run(models_of(project, models, cache=ports.cache), ports, how):
            done.append(one)
            if one.error:
                show_failure(session.settled(one.error), debug=session.debug)
            elif not session.json and not session.quiet:
                _show_one(one)
    return done


def _show_one(one: Done) -> None:
    name = one.plan.model
    if one.result is None:
        click.echo(f"{symbol(one.plan.status)} {name}  {one.plan.status}  {one.plan.reasons[0]}")
        return
    verdict = one.result.judgement.verdict
    again = ", published before" if one.result.already else ""
    click.echo(
        f"{symbol(verdict.outcome)} {name} {one.result.version}  {verdict.outcome}{again}"
        f"  {seconds(one.seconds)}"
    )
    _show_resumed(one.result.resumed)
    show_reasons(verdict)
    for step in one.result.releases:
        click.echo(f"  {symbol(step.what)} {_released(step)}")


def _show_resumed(where: str) -> None:
    if where:
        click.echo(f"  {symbol('note')} training resumed {where}, where an earlier run was ended")


def show_reasons(verdict: Verdict) -> None:
    """Every rule of the gate and what came of it, a line each."""
    for reason in verdict.reasons:
        click.echo(f"  {symbol(reason.outcome)} {reason.text}")


def _released(step: Release) -> str:
    was = f" (was {step.was})" if step.was else ""
    if step.what == "promoted":
        return f"{step.stage} is {step.version}{was}"
    if step.what == "asked":
        return f"{step.stage} waits for {count(step.waits_for, 'approval')}{was}"
    if step.what == "branch":
        return "trained on a branch: no stage moves by itself; keepfit promote moves one"
    return "no stage moves"


def _show_end(done: list[Done]) -> None:
    asked = [
        one.plan.model
        for one in done
        if one.result and any(step.what == "asked" for step in one.result.releases)
    ]
    trained = sum(one.result is not None for one in done)
    if asked:
        next_step(f"{count(trained, 'model')} retrained. Decide: keepfit approve {asked[0]}")
    elif trained:
        next_step(f"{count(trained, 'model')} retrained. Look: keepfit list")
    elif not any(one.error for one in done):
        next_step("Nothing was due. To retrain all the same: keepfit run MODEL --force")


def _record(one: Done) -> dict[str, Any]:
    result = one.result
    return {
        "model": one.plan.model,
        "status": "failed" if one.error else "retrained" if result else one.plan.status,
        "reasons": one.plan.reasons,
        "seconds": round(one.seconds, 3),
        "error": str(one.error) if one.error else None,
        "version": result.version if result else None,
        "verdict": result.judgement.verdict if result else None,
        "evidence": result.judgement.evidence if result else None,
        "releases": result.releases if result else (),
        "resumed": (result.resumed or None) if result else None,
    }


@click.command("train")
@click.argument("model")
@click.option("--sizes", help="Train on parts of the rows instead: 10k,50k,1m; the learning curve.")
@click.option("--chart", type=click.Path(path_type=Path), help="With --sizes: without suffix.")
@verb
def train_(session: Session, model: str, *, sizes: str | None, chart: Path | None) -> None:
    """Train a candidate and gather its evidence, nothing else: no version, no promotion.

    With --sizes, say what the model learns from few rows and from many: each size is scored on the
    same training rows, which none learns from.
    """
    if sizes is not None:
        from keepfit.cli.curve import show_curve

        show_curve(session, model, sizes, chart)
        return
    if chart is not None:
        raise UserError("--chart is of a learning curve; expected --sizes 10k,50k beside it")
    from keepfit.train.worker import Trainer

    with Trainer() as trainer:
        trainer.start()
        from keepfit.lifecycle.model import model_of
        from keepfit.lifecycle.train import train_only

        project = session.project()
        with session.ports(project, trainer) as ports:
            subject = model_of(project, model, cache=ports.cache)
            kept = train_only(subject, ports, project.root / ".keepfit")
    session.show(kept.judgement, lambda: _show_kept(model, kept, session.same))


def _show_kept(model: str, kept: Kept, same: str) -> None:
    verdict = kept.judgement.verdict
    click.echo(f"{symbol(verdict.outcome)} {model} candidate  {verdict.outcome}")
    _show_resumed(kept.resumed)
    show_reasons(verdict)
    show_scores(kept.judgement.evidence)
    next_step(f"It lies in {kept.folder}. To publish what is due: keepfit run {model}{same}")


def show_scores(evidence: Evidence) -> None:
    """Every metric of every side on the same rows."""
    champion = evidence.champion.version if evidence.champion else None
    click.echo(f"\nOn {count(evidence.rows, 'holdout row')}:")
    header = ("metric", "this", champion or "no champion", "naive", "")
    table(
        [(s.metric, s.challenger, s.champion, s.baseline, s.error or "") for s in evidence.scores],
        header,
        right=" ".join(header[1:4]),
    )
    show_benchmarks(evidence.benchmarks)


def show_benchmarks(scores: tuple[BenchmarkScore, ...]) -> None:
    """Each benchmark: both sides, what was gained, what was lost, and the cases lost."""
    if not scores:
        return
    click.echo("\nBenchmarks:")
    rows = [
        (s.name, s.metric, s.challenger, s.champion, s.cases, _sum(s), s.error or "")
        for s in scores
    ]
    header = ("benchmark", "metric", "this", "champion", "cases", "", "")
    table(rows, header, right="this champion cases")
    changes = [(s.name, c) for s in scores for c in s.changes]
    if changes:
        click.echo("\nCases on which one side is better:")
        table(
            [(n, c.case, c.expected, c.challenger, c.champion, c.better) for n, c in changes],
            ("benchmark", "case", "expected", "this", "champion", "better"),
        )


def _sum(score: BenchmarkScore) -> str:
    told = []
    if score.gained is not None and score.lost is not None:
        told.append(f"{score.gained:,} gained, {score.lost:,} lost")
    if score.ambiguous:
        told.append(f"{score.ambiguous:,} ambiguous left out")
    return "; ".join(told)
