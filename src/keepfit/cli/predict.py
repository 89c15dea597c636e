"""keepfit predict: a file of rows in, a file of predictions out, of any size."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from keepfit.cli.render import count, next_step, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.lifecycle.batch import Written


@click.command("predict")
@click.argument("reference", metavar="REF")
@click.argument("input", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace OUTPUT if it is there.")
@verb
def predict_(
    session: Session,
    reference: str,
    input: Path,  # noqa: A002 the word that users see
    output: Path,
    *,
    overwrite: bool,
) -> None:
    """Predict a file of rows, in constant memory.

    INPUT and OUTPUT are CSV, JSON lines or Parquet by their names. OUTPUT keeps the order of the
    rows and has the key columns (or the row's number from 1), the prediction, and the version.
    Rows that cannot be read go to OUTPUT.rejects with the reason.
    """
    from keepfit.lifecycle.batch import predict_file
    from keepfit.lifecycle.open import open_reference
    from keepfit.lifecycle.trust import trust_of

    project = session.project()
    asked = (project.stages, project.root, partial(trust_of, project))
    opened = open_reference(session.registry(project), reference, *asked)
    begun = monotonic()
    with session.progress() as say:
        say(opened.spec.name, f"predicting {input}")
        written = predict_file(opened, input, output, overwrite=overwrite)
    session.show(written, lambda: _show(written, monotonic() - begun))


def _show(written: Written, took: float) -> None:
    speed = f"{count(round(written.rows / max(took, 1e-9)), 'row')}/s"
    click.echo(
        f"{symbol('pass')} {count(written.rows, 'row')} predicted by {written.version} "
        f"in {took:.1f} s ({speed})"
    )
    if written.rejected:
        click.echo(f"{symbol('warn')} {count(written.rejected, 'row')} rejected: {written.rejects}")
    next_step(f"Look at them in {written.output}")
