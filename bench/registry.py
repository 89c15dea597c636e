"""The registry in a folder beside MLflow 3 on SQLite, and beside plain files that are fsynced."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from measure import Figure
from rivals import Rival, in_turns, mlflow, rival

MANY, FEW = 10_000, 100
WRITERS = 8
CHECKPOINT = 50  # publishes that make one


def main(folder: Path) -> list[Figure]:
    """Ratios of medians of the same rounds, and how many of several first writers succeed."""
    python = mlflow(folder)
    payload = _payload(folder / "payload")
    return [
        *_beside_mlflow(folder / "beside", payload, python),
        *_thousands(folder / "thousands", payload),
        _first_writers(folder / "first", payload, python),
    ]


def _payload(folder: Path) -> Path:
    folder.mkdir()
    for name, size in (("model.json", 600), ("evidence.json", 1500), ("MANIFEST.json", 700)):
        (folder / name).write_text(os.urandom(size).hex())
    return folder


def _beside_mlflow(folder: Path, payload: Path, python: Path) -> list[Figure]:
    folder.mkdir()
    with (
        rival(sys.executable, "keepfit", folder / "s", payload, "durable", cwd=folder) as ours,
        rival(python, "mlflow", payload, cwd=folder) as peer,
        rival(sys.executable, "files", folder, payload, cwd=folder) as floor,
    ):
        return [*_publishes(ours, peer, floor), *_resolves(ours, peer)]


def _publishes(ours: Rival, peer: Rival, floor: Rival) -> list[Figure]:
    publishers = [(one, "publish") for one in (ours, peer, floor)]
    we, they, files = in_turns(publishers, 8, CHECKPOINT)
    said = f"{1 / we.wall:.0f} versions/s, {we.cpu * 1000:.1f} ms CPU"
    than_mlflow, than_files = they.wall / we.wall, files.wall / we.wall
    return [
        Figure(
            "durable publish",
            said,
            f"MLflow {1 / they.wall:.0f} versions/s, {they.cpu * 1000:.1f} ms CPU",
            f"{than_mlflow:.2f}",
            ">= 1.5",
            than_mlflow >= 1.5,
        ),
        Figure(
            "the same",
            said,
            f"three files fsynced {1 / files.wall:.0f}/s, {files.cpu * 1000:.1f} ms CPU",
            f"{than_files:.2f}",
            ">= 0.6",
            than_files >= 0.6,
        ),
    ]


def _resolves(ours: Rival, peer: Rival) -> list[Figure]:
    ours.took("promote")
    peer.took("promote")
    works = [(ours, "resolve"), (ours, "resolve_afresh"), (peer, "resolve")]
    warm, fresh, they = in_turns(works, 9, 50)
    return [
        Figure(
            f"resolve production, {how}",
            f"{we.wall * 1000:.3f} ms, {we.cpu * 1000:.3f} ms CPU",
            f"MLflow, by alias {they.wall * 1000:.2f} ms, {they.cpu * 1000:.2f} ms CPU",
            f"{they.wall / we.wall:.1f}",
            ">= 12",
            they.wall / we.wall >= 12,
        )
        for how, we in (("warm", warm), ("by a new registry", fresh))
    ]


def _thousands(folder: Path, payload: Path) -> list[Figure]:
    """Publishing to a store of 10,000 versions in turns with a new one, and listing it."""
    folder.mkdir()
    many, few = (folder / "many", payload), (folder / "few", payload)
    with rival(sys.executable, "keepfit", *many, "scratch", cwd=folder) as filling:
        filling.took("publish", MANY - FEW)
    with (
        rival(sys.executable, "keepfit", *few, "durable", cwd=folder) as first,
        rival(sys.executable, "keepfit", *many, "durable", cwd=folder) as last,
    ):
        begun, grown = in_turns([(first, "publish"), (last, "publish")], 9, FEW // 10)
        (listed,) = in_turns([(last, "list_afresh")], 9, 1)
    slower = grown.wall / begun.wall
    return [
        Figure(
            f"last {FEW} of {MANY:,} publishes",
            f"{grown.wall * 1000:.1f} ms, {grown.cpu * 1000:.1f} ms CPU",
            f"first {FEW} {begun.wall * 1000:.1f} ms, {begun.cpu * 1000:.1f} ms CPU",
            f"{slower:.2f}",
            "<= 1.2",
            slower <= 1.2,
        ),
        Figure(
            f"list {MANY:,} versions, new registry",
            f"{listed.cpu * 1000:.0f} ms CPU",
            "-",
            "-",
            "<= 60 ms CPU",
            listed.cpu <= 0.060,
        ),
    ]


def _first_writers(folder: Path, payload: Path, python: Path) -> Figure:
    folder.mkdir()
    ours = _succeed(folder, sys.executable, "keepfit", folder / "s", payload, "durable")
    theirs = _succeed(folder, python, "mlflow", payload)
    return Figure(
        f"{WRITERS} first writers at once",
        f"{ours} succeed",
        f"MLflow {theirs}",
        "-",
        f"{WRITERS}",
        ours == WRITERS,
    )


def _succeed(folder: Path, python: Path | str, name: str, *arguments: Path | str) -> int:
    """How many processes publish a version that begin at once, where nothing is yet."""
    with ExitStack() as running:
        writers = [
            running.enter_context(rival(python, name, *arguments, cwd=folder))
            for _ in range(WRITERS)
        ]
        for writer in writers:
            writer.let_go("publish")
        return sum(writer.answer() is not None for writer in writers)
