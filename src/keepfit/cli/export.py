"""keepfit export: what other tools run, copy or build."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.groups import Words
from keepfit.cli.render import count, next_step, size, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.export.context import Context
    from keepfit.lifecycle.open import Fetched

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group("export", cls=Words)
def export_() -> None:
    """Write what other tools run, copy or build: a model as a folder, a container."""


@export_.command("model")
@click.argument("reference", metavar="REF")
@click.argument("folder", type=_FOLDER)
@click.option("--overwrite", is_flag=True, help="Replace the bundle that FOLDER holds.")
@verb
def model_(session: Session, reference: str, folder: Path, *, overwrite: bool) -> None:
    """Write a version to FOLDER, as a bundle: plain files that are verified when they are opened.

    It needs no store: `keepfit sagemaker serve` answers from it, as does a container.
    """
    from keepfit.lifecycle.open import fetch_version, trusted
    from keepfit.lifecycle.rebuilding.bundle import write_bundle
    from keepfit.lifecycle.releasing.trust import trust_of
    from keepfit.names import Reference

    project = session.project()
    registry, named = session.registry(project), Reference.parse(reference)
    version = trusted(registry, named, project.stages, partial(trust_of, project))
    fetched = fetch_version(registry, named.model, version)
    manifest = write_bundle(fetched, folder, overwrite=overwrite)
    record = _written(fetched, folder, manifest)
    session.show(record, lambda: _show_model(record))


def _written(fetched: Fetched, folder: Path, manifest: str) -> dict[str, Any]:
    return {
        "model": fetched.spec.name,
        "version": fetched.state.version,
        "folder": str(folder),
        "files": len(fetched.files) + 2,
        "size": sum(map(len, fetched.files.values())),
        "manifest": manifest,
    }


def _show_model(record: dict[str, Any]) -> None:
    click.echo(
        f"{symbol('pass')} {record['model']} {record['version']}  "
        f"{count(record['files'], 'file')}, {size(record['size'])}"
    )
    click.echo(f"  its manifest has the digest {record['manifest']}")
    next_step(f"It lies in {record['folder']}")


@export_.command("docker")
@click.argument("folder", type=_FOLDER, default="container", metavar="[FOLDER]")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--dry-run", is_flag=True, help="Show the Dockerfile and the files; write nothing.")
@verb
def docker_(session: Session, folder: Path, *, overwrite: bool, dry_run: bool) -> None:
    """Write what `docker build` needs to FOLDER: a Dockerfile and all that it copies.

    The image trains and serves in SageMaker, and serves the registry anywhere else. It has the
    project's file and code, the locked packages, and no rows, models or secrets.
    """
    from keepfit.export.context import DOCKERFILE, context_of, write_context

    context = context_of(session.project())
    record = {"folder": str(folder), "lock": context.lock, "hashed": context.hashed}
    record["files"] = [{"path": name, "size": len(data)} for name, data in context.files.items()]
    if dry_run:
        session.show(record, lambda: click.echo(context.files[DOCKERFILE].decode(), nl=False))
        return
    write_context(context, folder, overwrite=overwrite)
    session.show(record, lambda: _show_docker(context, folder))


def _show_docker(context: Context, folder: Path) -> None:
    for name, data in context.files.items():
        click.echo(f"{symbol('pass')} {folder / name}  {size(len(data))}")
    if not context.hashed:
        click.echo(
            f"{symbol('warn')} packages are pinned by version ({context.lock}), not by hash: "
            "a uv.lock or a requirements.lock with hashes does that"
        )
    next_step(f"Build it: docker build --tag NAME:VERSION {folder}")
