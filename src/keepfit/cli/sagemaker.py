"""keepfit sagemaker: the commands that a container in SageMaker runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.groups import Words
from keepfit.cli.render import count, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.sagemaker.hosting import Hosting
    from keepfit.sagemaker.training import Outcome
    from keepfit.sagemaker.tree import Tree

_ROOT = click.option(
    "--root",
    envvar="KEEPFIT_ML_ROOT",
    default="/opt/ml",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the container finds and leaves things; also KEEPFIT_ML_ROOT.",
)


@click.group("sagemaker", cls=Words)
def sagemaker_() -> None:
    """Train and serve as a container in SageMaker does."""


@sagemaker_.command("train")
@click.option("--model", help="Which model of the file; also KEEPFIT_MODEL.")
@_ROOT
@verb
def train_(session: Session, root: Path, model: str | None) -> None:
    """Train the model that a job asks for, as `docker run IMAGE train` does.

    Reads hyperparameters and channels below ROOT/input, and leaves the model as a bundle in
    ROOT/model. A job that fails says why in ROOT/output/failure.
    """
    from keepfit.sagemaker.tree import Tree

    tree = Tree(root.absolute())
    with _failing(tree) as secrets:
        outcome = _train(session, tree, model, secrets)
        session.show(_record(outcome), lambda: _show(outcome))
        if outcome.refused:
            raise outcome.refused


def _train(session: Session, tree: Tree, model: str | None, secrets: set[str]) -> Outcome:
    from keepfit.sagemaker.training import World, begun, train
    from keepfit.train.worker import Trainer

    with begun(tree), Trainer() as trainer:
        trainer.start()  # it imports what training needs while we read the job
        from keepfit.sagemaker.job import read_job
        from keepfit.sagemaker.project import Given, declared

        job = read_job(tree, os.environ)
        given = Given(session.file, Path.cwd(), session.profile, model, session.overrides)
        found = declared(job, tree, given, os.environ)
        secrets |= found.project.secrets
        return train(job, found, World(tree, os.environ, _now, _saying(session)), trainer)


@sagemaker_.command("serve")
@click.option("--worker", hidden=True, help="What a process is told by its parent.")
@_ROOT
@verb
def serve_(session: Session, root: Path, worker: str | None) -> None:
    """Serve the model that lies in ROOT/model, as `docker run IMAGE serve` does.

    At port 8080, or SAGEMAKER_BIND_TO_PORT: GET /ping, POST /invocations (CSV without a row of
    names, JSON, JSON lines) and GET /execution-parameters; /docs tells the rest.
    """
    from keepfit.sagemaker.hosting import hosting_of
    from keepfit.sagemaker.serving import Bundled, model_in, process_of, root_of
    from keepfit.sagemaker.tree import Tree
    from keepfit.serve.server import World, run
    from keepfit.serve.workers import Orders, listening

    tree, hosting = Tree(root.absolute()), hosting_of(os.environ)
    model = model_in(tree)
    source = Bundled(tree.model, root_of(Path.cwd()), os.environ)
    if worker:
        orders = Orders.parse(worker)
        process = process_of(source, model, hosting, World(), orders.metrics([model]))
        run(process.run(orders.socket(), up=orders.tell_ready, alive=orders.alive))
        return
    listen = listening(hosting.settings.host, hosting.port)

    def up() -> None:
        if not session.quiet:
            click.echo(f"· {model}: answers at port {listen.getsockname()[1]}", err=True)

    if hosting.workers > 1:
        raise SystemExit(_crew(session, model, hosting, listen, up))
    run(process_of(source, model, hosting, World()).run(listen, up=up))


def _crew(
    session: Session, model: str, hosting: Hosting, listen: socket, up: Callable[[], None]
) -> int:
    import asyncio

    from keepfit.serve.workers import Crew, command_of

    crew = Crew(
        command=command_of(session.argv),
        listen=listen,
        models=[model],
        count=hosting.workers,
        drain=hosting.settings.drain_seconds,
        tell=lambda text: click.echo(f"keepfit: {text}", err=True),
        up=up,
    )
    return asyncio.run(crew.run())


@contextmanager
def _failing(tree: Tree) -> Iterator[set[str]]:
    """A failure inside is told in the tree; the set takes what must not be told."""
    from keepfit.sagemaker.failure import hide, secrets_in, told, write_failure
    from keepfit.sagemaker.stop import CODE, Stopped, told_to_end

    secrets = set(secrets_in(os.environ))

    def last_words() -> None:
        write_failure(tree.failure, "stopped by SIGTERM, in the middle of a computation")

    try:
        with told_to_end(last_words):
            yield secrets
    except BaseException as error:  # whatever ends a job, its reason is looked for in a file
        hide(error, secrets)
        write_failure(tree.failure, told(error, secrets))
        if isinstance(error, Stopped):
            click.echo(f"keepfit: {error}", err=True)
            raise SystemExit(CODE) from None
        raise


def _now() -> datetime:
    return datetime.now(UTC)


def _saying(session: Session) -> Callable[[str, str], None]:
    """A line a step: nobody sees a spinner in a log."""

    def say(model: str, step: str) -> None:
        if step and not session.json and not session.quiet:
            click.echo(f"· {model}: {step}")

    return say


def _record(outcome: Outcome) -> dict[str, Any]:
    return {
        "job": outcome.job,
        "model": outcome.model,
        "version": outcome.version,
        "verdict": outcome.judgement.verdict,
        "evidence": outcome.judgement.evidence,
        "releases": outcome.releases,
        "folder": str(outcome.bundle) if outcome.bundle else None,
        "manifest": outcome.manifest,
    }


def _show(outcome: Outcome) -> None:
    """The verdict, then what SageMaker's metric definitions can find, then what was made."""
    from keepfit.cli.run import show_reasons

    verdict, evidence = outcome.judgement.verdict, outcome.judgement.evidence
    click.echo(f"{symbol(verdict.outcome)} {outcome.model} {outcome.version}  {verdict.outcome}")
    show_reasons(verdict)
    split = evidence.split
    click.echo(
        f"Learned from {count(split.train, 'row')}, judged on {count(evidence.rows, 'row')}:"
    )
    for score in evidence.scores:
        if score.challenger is not None:
            click.echo(f"metric {score.metric}={score.challenger:.6g};")
    job = f"job {outcome.job}: " if outcome.job else ""
    left = f"in {outcome.bundle}" if outcome.bundle else "no model was left"
    click.echo(f"{job}{outcome.model} {outcome.version}  {left}")
