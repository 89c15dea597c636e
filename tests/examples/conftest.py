import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Project:
    """An example's folder, worked on as its README says."""

    root: Path
    said: str = ""  # what was printed while it came about

    def keepfit(self, *arguments, code=0):
        """What a call prints; it must end with the code."""
        done = subprocess.run(
            [sys.executable, "-m", "keepfit", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def told(self, *arguments, code=0):
        """The same as records."""
        return json.loads(self.keepfit(*arguments, "--json", code=code))


@pytest.fixture(scope="session")
def examples():
    return EXAMPLES


@pytest.fixture(scope="session")
def project_at():
    return Project


@pytest.fixture(scope="session")
def with_keepfit(tmp_path_factory):
    """The environment of a shell in which `keepfit` can be typed."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "keepfit"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m keepfit "$@"\n')
    script.chmod(0o755)
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
