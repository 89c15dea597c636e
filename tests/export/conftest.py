"""A project with code, a lock and secrets, and what a Dockerfile says."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = """\
[project]
name = "wood"
signers = "allowed_signers"

[model.trees]
kind = "ridge"
target = "girth"
features = ["height"]

[model.trees.data]
source = "data/trees.csv"
transform = "features:tall"

[model.trees.benchmark.known]
file = "known.csv"
"""


@dataclass(frozen=True)
class Project:
    """A project's folder, on which keepfit is called in a process of its own."""

    root: Path

    def export(self, *arguments):
        plain = {k: v for k, v in os.environ.items() if not k.startswith("KEEPFIT")}
        command = [sys.executable, "-m", "keepfit", "export", "docker", *arguments]
        return subprocess.run(
            command,
            cwd=self.root,
            env=plain | {"CANARY_TOKEN": "canary-in-the-environment"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def exported(self, *arguments):
        done = self.export(*arguments)
        assert done.returncode == 0, done.stderr
        return Context(self.root / "container")


@dataclass(frozen=True)
class Context:
    """What `docker build` would be given."""

    folder: Path

    @property
    def instructions(self):
        """(word, rest) of every instruction, continued lines joined, comments left out."""
        text = (self.folder / "Dockerfile").read_text()
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
        return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]

    def all(self, word):
        return [rest for found, rest in self.instructions if found == word]

    def files(self):
        files = (file for file in self.folder.rglob("*") if file.is_file())
        return {file.relative_to(self.folder).as_posix(): file for file in files}


@pytest.fixture
def project(tmp_path):
    """A project that has everything, some of which must stay at home."""
    for name, text in {
        "keepfit.toml": PROJECT,
        "features.py": "from helpers import up\n\n\ndef tall(rows):\n    return up(rows)\n",
        "helpers.py": "def up(rows):\n    return rows\n",
        "unused.py": "",
        "known.csv": "height,girth\n1,2\n",
        "allowed_signers": "",
        "data/trees.csv": "height,girth\n1,2\n",
        "store/FORMAT": "",
        ".env": "DB_PASSWORD=canary-in-the-file\n",
        ".git/config": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return Project(tmp_path)
