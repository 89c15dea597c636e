"""keepfit predict: files of rows in, files of predictions out, of any size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import count, next_step, symbol
from keepfit.cli.session import Session, verb
from keepfit.errors import UserError

if TYPE_CHECKING:
    from keepfit.config.load import Project
    from keepfit.lifecycle.batch import Asked, Written
    from keepfit.lifecycle.open import Opened

Moved = Callable[[int, float], None]


@click.command("predict")
@click.argument("reference", metavar="REF")
@click.argument("input")
@click.argument("output")
@click.option("--overwrite", is_flag=True, help="Replace OUTPUT if it is there.")
@click.option(
    "--select", metavar="NAME,…", default="", help="Only these answers: prediction,probability_yes."
)
@click.option(
    "--probabilities/--no-probabilities",
    default=None,
    help="The probability of every class; up to 100 classes and without --top-k unasked.",
)
@click.option(
    "--top-k", type=click.IntRange(0), default=0, metavar="N", help="The N likeliest labels."
)
@click.option(
    "--prefix",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Answer with the first N characters of labels: what begins alike is added up.",
)
@click.option(
    "--observe",
    metavar="FILES",
    multiple=True,
    help="Newer rows with their target, from which a forecast goes on, and what is known of steps "
    "to come; may be given again. Else serve.observe.",
)
@click.option(
    "--max-rejects",
    default="5%",
    show_default=True,
    metavar="SHARE",
    help="Write nothing if more rows than that have no answer: 1%, 0.01, 0.",
)
@click.option("--format", "format_", metavar="FORMAT", help="Of a folder's files: parquet, csv, …")
@verb
def predict_(  # noqa: PLR0913 a flag each
    session: Session,
    reference: str,
    input: str,  # noqa: A002 the word that users see
    output: str,
    *,
    overwrite: bool,
    select: str,
    probabilities: bool | None,
    top_k: int,
    prefix: int,
    observe: tuple[str, ...],
    max_rejects: str,
    format_: str | None,
) -> None:
    """Predict files of rows, in constant memory.

    INPUT is a file, a folder or a pattern: CSV, JSON lines or Parquet by the suffix, here or in a
    bucket. OUTPUT is one file where its suffix says a format, else a folder with a file for each of
    INPUT. It keeps the order of the rows and has the key columns (or the row's number from 1), the
    prediction, and the version. Rows that have no answer go to OUTPUT.rejects with the reason.

    Stopped at any time and called again, it goes on from where it was.
    """
    from keepfit.lifecycle.batch import Asked

    asked = Asked(
        reference=reference,
        input=input,
        output=output,
        overwrite=overwrite,
        format=format_,
        select=tuple(name.strip() for name in select.split(",") if name.strip()),
        probabilities=probabilities,
        top_k=top_k,
        prefix=prefix,
        observe=observe,
        max_rejects=_share(max_rejects),
    )
    begun = monotonic()
    written = _predict(session, asked)
    session.show(written, lambda: _show(written, monotonic() - begun))


def _read_less_ahead() -> None:
    """Bound what polars reads of Parquet before anybody asks for it, which is most of the memory:
    else it is so many row groups, whatever their size. It looks once, when it is loaded."""
    ahead = 8192 * (os.cpu_count() or 1)
    os.environ.setdefault("POLARS_ROW_GROUP_PREFETCH_KBYTES_BUDGET", str(ahead))


def _predict(session: Session, asked: Asked) -> Written:
    _read_less_ahead()
    from keepfit.lifecycle.batch import World, predict
    from keepfit.lifecycle.observe import observing
    from keepfit.lifecycle.open import open_reference
    from keepfit.lifecycle.releasing.trust import trust_of

    project = session.project()
    registry = session.registry(project)
    trust = partial(trust_of, project)
    asked = _looked(asked, project)
    done = 0

    def opened(text: str) -> Opened:
        found = open_reference(registry, text, project.stages, project.root, trust)
        if not asked.observe:
            return found
        return replace(found, predictor=observing(found.predictor, asked.observe, project.root))

    def counted(rows: int, share: float) -> None:
        nonlocal done
        done = rows
        moved(rows, share)

    try:
        with _progress(session, f"predicting {asked.input}") as (moved, tell):
            return predict(
                asked,
                opened,
                World(root=project.root, tell=tell, moved=counted),
            )
    except KeyboardInterrupt:
        if done and not session.quiet:
            click.echo(f"{count(done, 'row')} done and kept; the rest is left to do.", err=True)
        raise


def _looked(asked: Asked, project: Project) -> Asked:
    """With what a forecast goes on from, by the flag or by the file of models."""
    from msgspec.structs import replace as change

    from keepfit.lifecycle.observe import seen
    from keepfit.names import Reference

    spec = project.models.get(Reference.parse(asked.reference).model)
    named = asked.observe or (spec.serve.observe if spec else None) or ()
    observe = (named,) if isinstance(named, str) else named
    observed = seen(observe, project.root) if observe else ""
    return change(asked, observe=observe, observed=observed)


@contextmanager
def _progress(session: Session, title: str) -> Iterator[tuple[Moved, Callable[[str], None]]]:
    """A bar with rate and time left on a terminal, else nothing; and a way to say a line."""

    def tell(line: str) -> None:
        if not session.quiet:
            click.echo(f"{symbol('note')} {line}", err=True)

    if not session.shows_progress:
        yield lambda _rows, _share: None, tell
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    begun = monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, rate="")

        def moved(rows: int, share: float) -> None:
            rate = f"{rows / max(monotonic() - begun, 1e-9):,.0f} rows/s"
            bar.update(task, completed=share, rate=rate, refresh=True)

        yield moved, tell


def _share(text: str) -> float:
    number = text.strip().removesuffix("%").strip()
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UserError(
            f"--max-rejects {text}: expected a share of rows from 0 to 100%, such as 1% or 0.01"
        )
    return share


def _show(written: Written, took: float) -> None:
    rows = count(written.rows, "row")
    if written.finished:
        click.echo(
            f"{symbol('pass')} finished before: {rows} predicted by {written.version}; "
            "nothing was done"
        )
        next_step(f"They are in {written.output}; --overwrite predicts them again")
        return
    done_now = written.rows + written.rejected - written.resumed
    speed = f" ({count(round(done_now / max(took, 1e-9)), 'row')}/s)" if done_now else ""
    click.echo(f"{symbol('pass')} {rows} predicted by {written.version} in {took:.1f} s{speed}")
    if written.rejected:
        places = ", ".join(written.rejects[:3]) + (", …" if len(written.rejects) > 3 else "")
        click.echo(f"{symbol('warn')} {count(written.rejected, 'row')} rejected: {places}")
    next_step(f"Look at them in {written.output}")
