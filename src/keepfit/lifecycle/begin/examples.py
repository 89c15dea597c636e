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
from keepfit.lifecycle.begin.project import refuse_to_overwrite, starter, write_files, writing_to

_FILES = {
    "flights": ("README.md", "keepfit.toml"),
    "care": ("README.md", "make_data.py", "features.py", "measures.py", "keepfit.toml"),
    "heart": ("README.md", "make_data.py", "keepfit.toml"),
    "tariff": ("README.md", "make_data.py", "keepfit.toml"),
    "assets": ("README.md", "make_data.py", "keepfit.toml"),
}
EXAMPLES = tuple(_FILES)
DATA = "data"


def write_example(name: str, folder: Path, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """
    The files of the example `name` and its data, written into `folder`, in the order written.

    UnknownName with the examples there are, UserError if one of the files is there already,
    SourceError if the flights can neither be found nor fetched; nothing is written then.
    """
    if name not in _FILES:
        raise UnknownName("example", name, EXAMPLES)
    refuse_to_overwrite(folder, (*_FILES[name], DATA))
    return _WRITERS[name](folder, {file: starter(name, file) for file in _FILES[name]}, environ)


def _flights(folder: Path, files: Mapping[str, str], environ: Mapping[str, str]) -> list[Path]:
    # The download first: when it fails, the folder is as it was, and the command can be repeated.
    with tempfile.TemporaryDirectory() as scratch:
        archive = flights_zip(Path(scratch), environ)
    written = write_files(folder, files)
    with writing_to(folder):
        (folder / DATA).mkdir()
        for name, flights in months_of_flights(archive):
            flights.write_parquet(folder / DATA / name)
            written.append(folder / DATA / name)
    return written


def _made(folder: Path, files: Mapping[str, str], environ: Mapping[str, str]) -> list[Path]:
    written = write_files(folder, files)
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
    return [*written, *sorted((folder / DATA).iterdir())]


_WRITERS: dict[str, Callable[[Path, Mapping[str, str], Mapping[str, str]], list[Path]]] = {
    "flights": _flights,
    "care": _made,
    "heart": _made,
    "tariff": _made,
    "assets": _made,
}
