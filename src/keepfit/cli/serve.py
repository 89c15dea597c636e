"""keepfit serve: models over HTTP, which follow their stage."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from functools import partial
from socket import socket
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.session import Session, verb
from keepfit.errors import UserError

if TYPE_CHECKING:
    from keepfit.config.load import Project
    from keepfit.config.schema.serving import Serve
    from keepfit.names import Reference
    from keepfit.serve.metrics import Metrics
    from keepfit.serve.server import Process


@click.command("serve")
@click.argument("references", metavar="REF...", nargs=-1, required=True)
@click.option("--host", help="The address to listen at; else [project.serve] host.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that answer.")
@click.option("--poll", type=float, metavar="SECONDS", help="Between two looks at the stage.")
@click.option("--no-access-log", is_flag=True, help="No line a request on standard output.")
@click.option("--worker", hidden=True, help="What a process is told by its parent.")
@verb
def serve_(session: Session, references: tuple[str, ...], worker: str | None, **given: Any) -> None:
    """Serve models over HTTP, from the registry.

    REF is what `keepfit list` shows: fare@production follows its stage without dropping a request.
    POST rows as JSON, CSV or JSON lines to /invocations, or, where several models are served, to
    /models/NAME/invocations. /docs tells the rest.
    """
    from keepfit.serve.workers import Orders, listening

    project = session.project()
    settings = _settings(project.serve, given)
    named = _distinct(references)
    if worker:
        orders = Orders.parse(worker)
        metrics = orders.metrics([reference.model for reference in named])
        process = _process(session, project, named, settings, metrics)
        _run(process.run(orders.socket(), up=orders.tell_ready, alive=orders.alive))
        return
    listen = listening(settings.host, settings.port)
    up = partial(_up, session, references, listen)
    if settings.workers > 1:
        sys.exit(_crew(session, [reference.model for reference in named], settings, listen, up))
    _run(_process(session, project, named, settings).run(listen, up=up))


def _process(
    session: Session,
    project: Project,
    references: list[Reference],
    settings: Serve,
    metrics: Metrics | None = None,
) -> Process:
    from keepfit.serve.metrics import Metrics
    from keepfit.serve.project import process_of
    from keepfit.serve.server import World

    counted = metrics or Metrics([reference.model for reference in references])
    registry = session.registry(project)
    return process_of(project, registry, references, settings, World(), metrics=counted)


def _leave() -> None:
    """End the process where a thread still predicts or loads: nobody waits for it any more, and an
    interpreter that ends would."""
    import os
    import threading

    if any(
        not each.daemon for each in threading.enumerate() if each is not threading.main_thread()
    ):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _run(work: Coroutine[Any, Any, None]) -> None:
    from keepfit.serve.server import run

    run(work)
    _leave()


def _crew(session: Session, models: list[str], settings: Serve, listen: socket, up: Any) -> int:
    import asyncio

    from keepfit.serve.workers import Crew, command_of

    crew = Crew(
        command=command_of(session.argv),
        listen=listen,
        models=models,
        count=settings.workers,
        drain=settings.drain_seconds,
        tell=lambda text: click.echo(f"keepfit: {text}", err=True),
        up=up,
    )
    return asyncio.run(crew.run())


def _distinct(references: tuple[str, ...]) -> list[Reference]:
    from keepfit.names import Reference

    parsed = [Reference.parse(text) for text in references]
    names = [reference.model for reference in parsed]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"{name} is named twice; one server answers for one version of a model",
                hint="start another server for the other, with its own --port",
            )
    return parsed


def _settings(serve: Serve, given: dict[str, Any]) -> Serve:
    poll = given["poll"]
    if poll is not None and not poll > 0:
        raise UserError(f"--poll {poll}: expected seconds above 0")
    named = {name: given[name] for name in ("host", "port", "workers", "poll")}
    chosen = {name: value for name, value in named.items() if value is not None}
    if given["no_access_log"]:
        chosen["access_log"] = False
    return serve.model_copy(update=chosen)


def _up(session: Session, references: tuple[str, ...], listen: socket) -> None:
    if session.quiet:
        return
    host, port, *_ = listen.getsockname()
    at = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    click.echo(f"keepfit: {', '.join(references)} at {at}; what it takes: {at}/docs", err=True)
