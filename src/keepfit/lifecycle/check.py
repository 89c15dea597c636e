"""What can be wrong beyond the file itself: the code it names, its sources, its store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from keepfit.config.code import check_metric, check_transform, load_function
from keepfit.config.lines import dotted, parse_key
from keepfit.config.load import Project
from keepfit.config.schema.model import ModelSpec
from keepfit.data.files.sources import find_all, sources_of
from keepfit.errors import KeepfitError, Problem
from keepfit.kinds import kind, why_no_update
from keepfit.kinds.forecasts.params import READERS
from keepfit.lifecycle.wrong_params import wrong_params
from keepfit.store.backends.probe import prove
from keepfit.store.open import open_store

if TYPE_CHECKING:
    from keepfit.kinds.base import Params

_SEASONS = {"15 minutes": 96, "1 hour": 24, "1 day": 7, "1 month": 12, "1 quarter": 4}

Look = Callable[[], object]  # raises what is wrong


def check_model(project: Project, name: str) -> list[Problem]:
    """Every problem of a model's code and sources, with the line of the file."""
    spec = project.models[name]
    found = [
        (key, str(error)) for key, look in _functions(spec, project.root) if (error := _error(look))
    ]
    of_kind = (_params, _update, _series)  # each speaks where those before found nothing
    found += next((wrong for look in of_kind if (wrong := look(project, name))), [])
    found += _sources(spec, project.root) + _benchmarks(spec, project.root)
    found += _embeddings(spec, project.root)
    return [
        Problem(_place(project, f"model.{name}.{key}"), f"model.{name}.{key}", told)
        for key, told in found + _baseline(project, name)
    ]


def notes_on(project: Project, name: str) -> list[str]:
    """What is in order, and perhaps not what was meant."""
    series = project.models[name].series
    if series is None or "season" in series.model_fields_set:
        return []
    usual = _SEASONS.get(str(series.frequency))
    meant = f"; of steps of {series.frequency} it often is {usual}" if usual else ""
    return [f"series.season is left out, which is 1: no season is looked for{meant}"]


def _params(project: Project, name: str) -> list[tuple[str, str]]:
    """(key, what is wrong) of params of which only the kind's own code knows what they may be."""
    found = wrong_params(project.models[name], project.params[name], project.root)
    return [(dotted(path), told) for path, told in found]


def _update(project: Project, name: str) -> list[tuple[str, str]]:
    """(key, what is wrong) of `train = "update"` for a kind that cannot go on from a model."""
    spec = project.models[name]
    if spec.train != "update":
        return []
    why = why_no_update(spec.kind, cast("Params", project.params[name]), project.root)
    return [("train", why)] if why else []


def _series(project: Project, name: str) -> list[tuple[str, str]]:
    """(key, what is wrong) of a kind that forecasts without series, or of another with them; of
    columns that it does not read, and of packages that it lacks."""
    spec = project.models[name]
    found = kind(spec.kind, project.root)
    forecasts = getattr(found, "forecasts", spec.own_class is not None)
    if forecasts and spec.series is None and spec.own_class is None:
        need = "frequency and horizon"
        return [("kind", f"is '{spec.kind}', which forecasts; expected [series] with {need}")]
    if spec.series is not None and not forecasts:
        kinds = "seasonal-naive, ets, theta, auto-arima or deepar"
        return [("series", f"is there, and kind '{spec.kind}' forecasts none; expected {kinds}")]
    reads = getattr(found, "reads", tuple(READERS) if spec.own_class else ())
    for key, readers in READERS.items():
        columns = getattr(spec.series, key) if spec.series else ()
        if columns and key not in reads:
            told = f"is {list(columns)}, and kind '{spec.kind}' reads none"
            return [(f"series.{key}", f"{told}; expected it left out, or kind {readers}")]
    if error := _error(getattr(found, "ready", lambda: None)):
        return [("kind", f"is '{spec.kind}', which cannot be trained here: {error} {error.hint}")]
    return []


def _benchmarks(spec: ModelSpec, root: Path) -> list[tuple[str, str]]:
    """(key, what is wrong) of the files of benchmarks and of their columns."""
    from keepfit.lifecycle.judging.benchmarks import file_problem

    return [
        (f"benchmark.{name}.file", told)
        for name, benchmark in spec.benchmark.items()
        if (told := file_problem(root, benchmark, spec.target))
    ]


def _embeddings(spec: ModelSpec, root: Path) -> list[tuple[str, str]]:
    """(key, what is wrong) of the folder of a sentence model."""
    if spec.embeddings is None:
        return []
    from keepfit.kinds.texts.embeddings import encoder_at

    error = _error(partial(encoder_at, root, spec.embeddings))
    return [("params.embeddings", f"is '{spec.embeddings}': {_told(error)}")] if error else []


def check_store(project: Project) -> list[Problem]:
    """Whether the store can be written to: its folder, or its bucket, which is tried."""
    if error := _error(partial(_try_store, project.store)):
        told = f"cannot be used: {_told(error)}"
    elif "://" in project.store or _writable(Path(project.store)):
        return []
    else:
        told = f"is {project.store}; expected a folder that can be written to"
    return [Problem(_place(project, "project.store"), "project.store", told)]


def _try_store(address: str) -> None:
    objects = open_store(address)
    if "://" in address:
        prove(objects)


def _writable(folder: Path) -> bool:
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _sources(spec: ModelSpec, root: Path) -> list[tuple[str, str]]:
    """(key, what is wrong) of the files that the sources name, and of their columns."""
    from keepfit.data.header import header_problems  # polars, which --show does not need

    if error := _error(partial(find_all, sources_of(spec.data, spec.split.file), root)):
        return [("data.source", str(error))]
    columns: list[tuple[str, str]] = []
    if error := _error(lambda: columns.extend(header_problems(spec, root))):
        return [("data.source", str(error))]
    return columns


def _baseline(project: Project, name: str) -> list[tuple[str, str]]:
    """(key, what is wrong) of a naive predictor that does not suit the model."""
    spec = project.models[name]
    if isinstance(spec.gate.baseline, str):
        return []
    if spec.data.time is None:
        return [("gate.baseline", "is seasonal; expected data.time beside it")]
    if kind(spec.kind, project.root).task(project.params[name]) != "regression":
        return [("gate.baseline", "is seasonal, and classes have no mean; expected 'constant'")]
    return []


def _functions(spec: ModelSpec, root: Path) -> Iterator[tuple[str, Look]]:
    if path := spec.data.transform:
        yield "data.transform", lambda: check_transform(load_function(path, root))
    for name, metric in spec.metric.items():
        yield f"metric.{name}.function", partial(_check_metric, metric.function, root)


def _check_metric(function: str, root: Path) -> None:
    check_metric(load_function(function, root))


def _told(error: KeepfitError) -> str:
    return f"{error}; {error.hint}" if error.hint else str(error)


def _error(look: Look) -> KeepfitError | None:
    try:
        look()
    except KeepfitError as error:
        return error
    return None


def _place(project: Project, key: str) -> str:
    return str(project.origin(parse_key(key.partition("[")[0])))
