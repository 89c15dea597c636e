"""The examples: whole projects with their data."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from keepfit.errors import SourceError, UnknownName
from keepfit.lifecycle.begin.flights import months_of_flights
from keepfit.lifecycle.begin.nycflights import flights_zip
from keepfit.lifecycle.begin.project import starter, write_files

_FILES = {
    "flights": ("README.md", "keepfit.toml"),
    "care": ("README.md", "make_data.py", "features.py", "measures.py", "keepfit.toml"),
}
EXAMPLES = tuple(_FILES)


def write_example(name: str, folder: Path, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """
    The files of the example `name` and its data, written into `folder`, in the order written.

    UnknownName with the examples there are, UserError if one of the files is there already,
    SourceError if the flights can neither be found nor fetched.
    """
    if name not in _FILES:
        raise UnknownName("example", name, EXAMPLES)
    written = write_files(folder, {file: starter(name, file) for file in _FILES[name]})
    return [*written, *_DATA[name](folder, environ)]


def _flights(folder: Path, environ: Mapping[str, str]) -> list[Path]:
    with tempfile.TemporaryDirectory() as scratch:
        archive = flights_zip(Path(scratch), environ)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    written = []
    for name, flights in months_of_flights(archive):
        flights.write_parquet(data / name)
        written.append(data / name)
    return written


def _care(folder: Path, environ: Mapping[str, str]) -> list[Path]:
    made = subprocess.run(
        [sys.executable, "make_data.py"],
        cwd=folder,
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise SourceError(f"{folder / 'make_data.py'} failed: {made.stderr.strip()[-500:]}")
    return sorted((folder / "data").iterdir())


_DATA: dict[str, Callable[[Path, Mapping[str, str]], list[Path]]] = {
    "flights": _flights,
    "care": _care,
}
