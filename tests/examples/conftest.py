import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
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
def served():
    """What serves a version of a project for as long as a block lasts, and gives its address."""
    return _served


@contextmanager
def _served(project, reference):
    said = project.root / "serve.err"
    with said.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "keepfit", "serve", reference, "--port", "0"],
            cwd=project.root,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    try:
        end = time.monotonic() + 60
        while not (at := re.search(r"at (http://\S+);", said.read_text())):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield at[1]
    finally:
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture(scope="session")
def with_keepfit(tmp_path_factory):
    """The environment of a shell in which `keepfit` can be typed."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "keepfit"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m keepfit "$@"\n')
    script.chmod(0o755)
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
