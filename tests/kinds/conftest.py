from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from keepfit.config.schema.rows import Encode
from keepfit.kinds.base import Lesson

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def lesson() -> Callable[..., Lesson]:
    """A lesson of a frame: its target, its features if not all others, and what `encode` says."""

    def make(train: pl.DataFrame, target="y", features=None, **encode) -> Lesson:
        features = features or [name for name in train.columns if name != target]
        return Lesson(tuple(features), target, train, train.clear(), Encode(**encode))

    return make


@pytest.fixture
def data() -> Callable[[str], Path]:
    """The path of a file of the shared sets; the test is skipped where they are absent."""

    def find(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"the shared data sets are not here: {name}")
        return DATA / name

    return find
