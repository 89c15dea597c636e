"""keepfit conform: a container's commands, held against a contract point by point."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepfit.cli.groups import Words
from keepfit.cli.render import count, next_step, symbol
from keepfit.cli.session import Session, verb

if TYPE_CHECKING:
    from keepfit.sagemaker.conform.point import Tried
    from keepfit.sagemaker.conform.sample import Sample

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group("conform", cls=Words)
def conform_() -> None:
    """Check a container's commands, point by point."""


@conform_.command("sagemaker")
@click.option("--train", metavar="CMD", help="What trains; {root} stands for the tree.")
@click.option("--serve", metavar="CMD", help="What serves; {root} and {port} are put in.")
@click.option("--rows", type=_FILE, help="CSV to learn from: the label first, no header.")
@click.option("--payload", type=_FILE, help="CSV to predict: some of these rows, no label.")
@click.option("--hyperparameters", type=_FILE, help="JSON; else a decision tree's.")
@click.option("--malformed", type=_FILE, help="JSON that is none.")
@click.option("--only", multiple=True, metavar="ID", help="Points by id, or by its begin: batch.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML.")
@verb
def sagemaker_(session: Session, **given: Any) -> None:
    """Run `train` and `serve` over trees as SageMaker lays them out, and say which points hold.

    Without --train and --serve it is keepfit itself that is tried. Any image is tried by commands
    such as: docker run --volume {root}:/opt/ml --publish {port}:8080 IMAGE serve
    """
    from keepfit.errors import Refused
    from keepfit.sagemaker.conform.bench import Bench, opened
    from keepfit.sagemaker.conform.run import chosen, junit, tried

    points = chosen(given["only"])
    with tempfile.TemporaryDirectory(prefix="keepfit-conform-") as folder:
        commands = _command(given, "train"), _command(given, "serve")
        bench = Bench(*commands, _sample(given), Path(folder))
        results = []
        with opened(bench):
            for one in tried(bench, points):
                results.append(one)
                if not session.json and not session.quiet:
                    _show_one(one)
    if given["junit"]:
        given["junit"].write_bytes(junit(results))
    failed = [one for one in results if not one.found.kept]
    session.show(list(map(_record, results)), lambda: _show_end(results, failed))
    if failed:
        raise Refused(
            f"{count(len(failed), 'point')} of the contract did not hold",
            hint=f"look at them alone: keepfit conform sagemaker --only {failed[0].point.id}",
        )


def _command(given: dict[str, Any], half: str) -> Any:
    from keepfit.sagemaker.conform.process import Command

    if given[half]:
        return Command.parse(given[half])
    return Command((sys.executable, "-m", "keepfit", "sagemaker", half))


def _sample(given: dict[str, Any]) -> Sample:
    from dataclasses import replace

    from keepfit.errors import UserError
    from keepfit.sagemaker.conform.sample import own_sample, sample_of, settings_in

    if bool(given["rows"]) != bool(given["payload"]):
        raise UserError("--rows and --payload belong together: one is some rows of the other")
    if given["rows"]:
        return sample_of(
            given["rows"], given["payload"], given["hyperparameters"], given["malformed"]
        )
    own = own_sample()
    if given["hyperparameters"]:
        return replace(own, hyperparameters=settings_in(given["hyperparameters"]))
    return own


def _show_one(one: Tried) -> None:
    sign = symbol("pass" if one.found.kept else "fail")
    click.echo(f"{sign} {one.point.id:15} {one.point.says}")
    if not one.found.kept:
        click.echo(f"  expected {one.point.expects}; found {one.found.told}")


def _show_end(results: list[Tried], failed: list[Tried]) -> None:
    if not failed:
        next_step(f"{count(len(results), 'point')} tried, every one holds.")


def _record(one: Tried) -> dict[str, Any]:
    return {
        "id": one.point.id,
        "says": one.point.says,
        "kept": one.found.kept,
        "expected": one.point.expects,
        "found": one.found.told,
        "seconds": round(one.seconds, 3),
    }
