"""What can be wrong beyond the file itself: the code it names, its sources, its store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from keepfit.config.code import check_metric, check_transform, load_function
from keepfit.config.lines import parse_key
from keepfit.config.load import Project
from keepfit.config.schema import ModelSpec
from keepfit.data.sources import find_all, sources_of
from keepfit.errors import KeepfitError, Problem
from keepfit.store.open import open_store
from keepfit.store.probe import prove

Look = Callable[[], object]  # raises what is wrong


def check_model(project: Project, name: str) -> list[Problem]:
    """Every problem of a model's code and sources, with the line of the file."""
    spec = project.models[name]
    sources = sources_of(spec.data, spec.split.file)
    looks: list[tuple[str, Look]] = [
        *_functions(spec, project.root),
        ("data.source", partial(find_all, sources, project.root)),
    ]
    return [
        Problem(_place(project, f"model.{name}.{key}"), f"model.{name}.{key}", str(error))
        for key, look in looks
        if (error := _error(look))
    ]


def check_store(project: Project) -> list[Problem]:
    """Whether the store can be written to: its folder, or its bucket, which is tried."""
    place = _place(project, "project.store")
    if "://" in project.store:
        error = _error(lambda: prove(open_store(project.store)))
        return [Problem(place, "project.store", f"is no use: {error}")] if error else []
    folder = Path(project.store)
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return []
    message = f"is {project.store}; expected a folder that can be written to"
    return [Problem(place, "project.store", message)]


def _functions(spec: ModelSpec, root: Path) -> Iterator[tuple[str, Look]]:
    if path := spec.data.transform:
        yield "data.transform", lambda: check_transform(load_function(path, root))
    for name, metric in spec.metric.items():
        yield f"metric.{name}.function", partial(_check_metric, metric.function, root)


def _check_metric(function: str, root: Path) -> None:
    check_metric(load_function(function, root))


def _error(look: Look) -> KeepfitError | None:
    try:
        look()
    except KeepfitError as error:
        return error
    return None


def _place(project: Project, key: str) -> str:
    return str(project.origin(parse_key(key)))
