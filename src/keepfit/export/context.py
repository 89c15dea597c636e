"""A folder that `docker build` makes an image of: a Dockerfile and all that it copies."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keepfit.__version__ import __version__
from keepfit.config.code import code_of
from keepfit.config.load import Project
from keepfit.errors import SinkError, UserError
from keepfit.export.dockerfile import BIN, PROJECT, WHEELS, Facts, dockerfile, ignored
from keepfit.export.lock import LOCK, lock_of
from keepfit.export.scripts import SCRIPTS
from keepfit.export.wheel import own_wheel
from keepfit.lifecycle.assets import assets_of

DOCKERFILE, IGNORE = "Dockerfile", ".dockerignore"
_PROGRAMS = f"{BIN}/"


@dataclass(frozen=True, slots=True)
class Context:
    """What an image is built of."""

    files: Mapping[str, bytes]  # by path, in the order in which they are shown
    lock: str  # where the packages came from, in words
    hashed: bool  # whether each of them is pinned by its hash


def context_of(project: Project) -> Context:
    """Everything an image of the project needs, and nothing else of its folder."""
    lock = lock_of(project.root)
    wheel = own_wheel(lock)
    facts = Facts(
        name=project.name,
        keepfit=__version__,
        python=".".join(map(str, sys.version_info[:2])),
        hashed=lock.hashed,
        origin=lock.origin,
        wheel=wheel[0] if wheel else None,
        libraries=lock.libraries(),
    )
    files = {DOCKERFILE: dockerfile(facts), IGNORE: ignored(facts), LOCK: lock.text}
    files |= {_PROGRAMS + name: text for name, text in SCRIPTS.items()}
    context = {name: text.encode() for name, text in files.items()}
    if wheel:
        context[f"{WHEELS}/{wheel[0]}"] = wheel[1]
    context |= {f"{PROJECT}/{name}": data for name, data in _project_files(project).items()}
    return Context(context, lock.origin, lock.hashed)


def _project_files(project: Project) -> dict[str, bytes]:
    """The file of models and what it names of the folder: code, sentence models, benchmarks,
    signers; no rows."""
    functions = [path for spec in project.models.values() for path in spec.functions]
    _, code = code_of(functions, project.root)
    named = [project.root / b.file for s in project.models.values() for b in s.benchmark.values()]
    assets = (assets_of(spec, project.root) for spec in project.models.values())
    named += [path for found in assets for path in found.values()]
    named += [project.file, *([project.signers] if project.signers else [])]
    inside = [path for path in named if path.is_relative_to(project.root) and path.is_file()]
    others = {path.relative_to(project.root).as_posix(): path.read_bytes() for path in inside}
    return dict(sorted({**code, **others}.items()))


def write_context(context: Context, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the files below `folder`; UserError where one is there and is to stay."""
    there = [folder / name for name in context.files if (folder / name).exists()]
    if there and not overwrite:
        raise UserError(
            f"{there[0]} is there already", hint="add --overwrite, or name another folder"
        )
    written = []
    try:
        for name, data in context.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o755 if name.startswith(_PROGRAMS) else 0o644)
            written.append(path)
    except OSError as error:
        raise SinkError(f"{folder} cannot be written: {error.strerror or error}") from error
    return written
