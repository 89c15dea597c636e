"""The Python that a recipe names: this one where it is the same, else one made anew by uv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keepfit
from keepfit.__version__ import __version__
from keepfit.digest import digest_of
from keepfit.errors import SystemFailure
from keepfit.records.training import Environment
from keepfit.train.recipe import distributions

_READY = ".ready"  # whoever made it came to the end
_OURS = f"keepfit=={__version__}"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A command that starts Python, and where it comes from."""

    command: tuple[str, ...]
    words: str  # "this environment, which is the recorded one"


def here(recorded: Environment) -> Interpreter:
    """The Python that runs, whatever was recorded."""
    words = "this one, which is the recorded one"
    if not is_here(recorded):
        words = "this one, which is not the recorded one"
    return Interpreter((sys.executable,), words)


def is_here(recorded: Environment) -> bool:
    """Whether this environment is the recorded one: the same Python and distributions."""
    same = recorded.distributions == distributions(sys.path)
    return same and recorded.python == " ".join(sys.version.split())


def recorded_interpreter(
    recorded: Environment, folder: Path, *, environ: Mapping[str, str]
) -> Interpreter:
    """This Python if it is the recorded one; else an environment of its own below `folder`.

    It is made once: exactly the recorded distributions, installed by uv without their
    dependencies. Where this keepfit is of the recorded version, it is copied from here, as it may
    be one that no index has. SystemFailure, with what uv said, where something cannot be had.
    """
    if is_here(recorded):
        return here(recorded)
    if not recorded.distributions:
        raise SystemFailure(
            "the recipe names its environment only by the digest of a uv.lock",
            hint="check that lock out and `uv sync` it, then rebuild with --here",
        )
    place = folder / digest_of((recorded.python, recorded.distributions))[:16]
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (place / _READY).exists():
        _make(recorded, place, python, environ)
    return Interpreter((str(python),), f"made from the recorded distributions, in {place}")


def _make(recorded: Environment, place: Path, python: Path, environ: Mapping[str, str]) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    version = recorded.python.partition(" ")[0]
    _uv(["venv", "--python", version, "--no-project", str(place)], environ)
    listed = place / "requirements.txt"
    wanted = [name for name in recorded.distributions if name != _OURS]
    listed.write_text("\n".join(wanted) + "\n")
    _uv(["pip", "install", "--no-deps", "--python", str(python), "-r", str(listed)], environ)
    packages = next(place.glob("[Ll]ib/**/site-packages"))
    if _OURS in recorded.distributions:
        _copy_keepfit(packages)
    _check(recorded, packages)
    (place / _READY).touch()


def _copy_keepfit(packages: Path) -> None:
    """This very keepfit, with the mark by which distributions are listed."""
    source = Path(keepfit.__file__).parent
    no_bytecode = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, packages / "keepfit", ignore=no_bytecode, dirs_exist_ok=True)
    mark = packages / f"keepfit-{__version__}.dist-info"
    mark.mkdir(exist_ok=True)
    (mark / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: keepfit\nVersion: {__version__}\n"
    )


def _check(recorded: Environment, packages: Path) -> None:
    made, wanted = set(distributions([str(packages)])), set(recorded.distributions)
    if made != wanted:
        lacks, more = ", ".join(sorted(wanted - made)), ", ".join(sorted(made - wanted))
        raise SystemFailure(
            "uv has made another environment than was recorded"
            + (f"; it lacks {lacks}" if lacks else "")
            + (f"; it has {more} beside" if more else "")
        )


def _uv(arguments: list[str], environ: Mapping[str, str]) -> None:
    beside = [str(Path(sys.executable).parent), environ.get("PATH", "")]
    program = shutil.which("uv", path=os.pathsep.join(beside))
    if program is None:
        raise SystemFailure(
            "this is not the recorded environment, and there is no uv to make it",
            hint="pip install uv; or rebuild with --here, which says what differs",
        )
    plain = {name: value for name, value in environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(  # noqa: S603 - no shell
        [program, *arguments, "--quiet"], env=plain, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = re.sub(r"\s+", " ", done.stderr).strip()[-600:]
        raise SystemFailure(
            f"the recorded environment cannot be made; uv says: {words}",
            hint="bring what is missing to an index or --find-links that uv asks; "
            "or rebuild with --here, which says what differs",
        )
