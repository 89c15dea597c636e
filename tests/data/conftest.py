from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from keepfit.config.schema.model import ModelSpec
from keepfit.data.files.parts import FolderParts
from keepfit.data.files.rows import rows_of
from keepfit.data.files.snapshot import freeze
from keepfit.data.files.statcache import StatCache
from keepfit.records.rows import Snapshot

SHARED = Path(__file__).parents[3] / "shared" / "data"


def spec_of(**tables: Any) -> ModelSpec:
    """A model `m` that predicts y from x; tables given replace the plain ones."""
    plain = {
        "name": "m",
        "kind": "ridge",
        "target": "y",
        "features": ["x"],
        "data": {"source": "*"},
    }
    return ModelSpec.model_validate(plain | tables)


@dataclass
class Project:
    root: Path

    @property
    def parts(self) -> FolderParts:
        return FolderParts(self.root / "store")

    def write(self, name: str, content: str | bytes | pl.DataFrame) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def freeze(self, spec: ModelSpec, until: datetime | None = None, **environ: str) -> Snapshot:
        return freeze(spec, self.root, self.parts, until=until, environ=environ, cache=StatCache())

    def rows(self, spec: ModelSpec, until: datetime | None = None, **environ: str) -> pl.DataFrame:
        snapshot = self.freeze(spec, until, **environ)
        return rows_of(snapshot, spec.data, self.parts.path).collect()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def spec():
    return spec_of


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real data is not beside the checkout (../shared/data)")
    return SHARED
