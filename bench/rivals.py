"""Processes that do the same work in turns: see answering.py for what they are asked."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MLFLOW = "mlflow>=3,<4"
_HERE = Path(__file__).parent
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


class Took(NamedTuple):
    """What one piece of work took."""

    wall: float  # seconds
    cpu: float  # seconds of its process


class Rival:
    """A rival that waits for work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        process.stdout.readline()  # its imports are done

    def took(self, what: str, count: int = 1) -> Took:
        """What each of `count` pieces of work took; SystemExit if it failed."""
        self.let_go(what, count)
        return self.answer() or sys.exit(f"{self._process.args} could not {what}")

    def let_go(self, what: str, count: int = 1) -> None:
        """Have it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, count]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Took | None:
        """What each took; None if it failed."""
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        return Took(*json.loads(said)) if said else None


@contextmanager
def rival(python: Path | str, name: str, *arguments: Path | str, cwd: Path) -> Iterator[Rival]:
    """The rival `name`, by that Python, until the block ends; what it complains of is `errors`."""
    with (
        (cwd / "errors").open("a") as errors,
        subprocess.Popen(
            [python, _HERE / f"rival_{name}.py", *arguments],
            cwd=cwd,
            env={**os.environ, **_QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        yield Rival(process)


def in_turns(rivals: Sequence[tuple[Rival, str]], rounds: int, count: int) -> list[Took]:
    """Medians over rounds in which each does its work so many times, one after the other."""
    told = [[one.took(what, count) for one, what in rivals] for _ in range(rounds + 1)]
    medians = zip(*told[1:], strict=True)  # the first round makes databases and fills caches
    return [Took(*map(statistics.median, zip(*spent, strict=True))) for spent in medians]


def mlflow(folder: Path) -> Path:
    """A Python that has MLflow 3: that of KEEPFIT_BENCH_MLFLOW, a venv which is made if absent."""
    venv = Path(os.environ.get("KEEPFIT_BENCH_MLFLOW") or folder / "venv").absolute()
    python = venv / "bin" / "python"
    if not python.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
        install = [uv, "pip", "install", "--quiet", "--python", python, MLFLOW]
        subprocess.run(install, check=True)
    return python
