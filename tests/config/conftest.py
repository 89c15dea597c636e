"""A folder with a file in it, read as the command line would read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from keepfit.config.load import Project, load
from keepfit.errors import ConfigError
from keepfit.evaluate.names import problem
from keepfit.kinds import KINDS, params_of

SOUND = """\
[project]
name = "taxi"

[model.fare]
kind     = "ridge"
target   = "fare"
features = ["distance_km", "hour"]

[model.fare.data]
source = "trips-*.parquet"
"""


class Folder:
    """A project folder that tests write into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "keepfit.toml"

    def write(self, text: str) -> Folder:
        self.file.write_text(text, "utf-8")
        return self

    def load(self, environ: Mapping[str, str] = {}, **choices) -> Project:
        return load(
            self.file,
            environ,
            params_of=params_of,
            kinds=lambda: sorted(KINDS),
            metrics=problem,
            **choices,
        )

    def problems(self, environ: Mapping[str, str] = {}, **choices) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.load(environ, **choices)
        return str(caught.value).splitlines()


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path).write(SOUND)


@pytest.fixture
def sound():
    """The text of a file with nothing wrong in it."""
    return SOUND
