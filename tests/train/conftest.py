"""A small project with rows of its own, and jobs to train on it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from keepfit.config.schema.model import ModelSpec
from keepfit.data.files.parts import FolderParts
from keepfit.data.files.snapshot import freeze
from keepfit.data.files.statcache import StatCache
from keepfit.train.job import Job

COLOURS = ("red", "green", "blue")


def write_rows(path: Path, rows: int = 300) -> None:
    """Trips whose fare is nearly linear in their distance."""
    lines = ["id,distance,colour,fare"]
    for i in range(rows):
        distance = 1 + (i * 37 % 100) / 7
        fare = 2.5 + 1.7 * distance + (i % 3) + math.sin(i) / 5
        lines.append(f"{i},{distance!r},{COLOURS[i % 3]},{fare!r}")
    path.write_text("\n".join(lines) + "\n")


class Project(NamedTuple):
    """A folder with rows and code."""

    root: Path

    def spec(self, **changes: Any) -> ModelSpec:
        """The model `fare`, with other settings where they are given."""
        table = {
            "name": "fare",
            "kind": "ridge",
            "target": "fare",
            "features": ["distance", "colour"],
            "data": {"source": "rows.csv", "key": ["id"]},
        }
        return ModelSpec.model_validate(table | changes)

    def job(self, **changes: Any) -> Job:
        """A job to train it."""
        spec = self.spec(**changes)
        parts = FolderParts(self.root / "parts")
        cache = StatCache(self.root / "cache.json")
        snapshot = freeze(spec, self.root, parts, environ={}, cache=cache)
        paths = {part.digest: parts.path(part.digest) for part in snapshot.parts}
        return Job.of(spec, snapshot, paths, root=self.root)

    def transforming(self, code: str) -> Job:
        """A job whose transform is the function `change` of a module with this code."""
        (self.root / "steps.py").write_text(code)
        data = {"source": "rows.csv", "key": ["id"], "transform": "steps:change"}
        return self.job(data=data)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    write_rows(root / "rows.csv")
    return Project(root)
