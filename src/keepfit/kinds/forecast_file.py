"""A forecaster's files: what it has learned as JSON, what it observed and answers as numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from pydantic import ValidationError

from keepfit.config.schema.series import Series
from keepfit.data.steps import Floats, History, Id
from keepfit.digest import canonical
from keepfit.errors import Corrupt

HEADER, OBSERVED, ANSWERS = "forecast.json", "observed.npy", "answers.npy"
FORMAT = 1


@dataclass(frozen=True)
class Learned:
    """How the rows of a forecast are read, and what each series taught."""

    format: int
    kind: str
    series: Series
    time: str
    target: str
    params: dict[str, Any]
    taught: dict[Id, dict[str, Any]]  # plain data; a series of which nothing was learned is absent


class _One(msgspec.Struct, frozen=True):
    """A series in the file."""

    id: tuple[str, ...]
    first: int
    phase: int
    steps: int


class _Taught(msgspec.Struct, frozen=True):
    """What one taught."""

    id: tuple[str, ...]
    learned: dict[str, Any]


class _Header(msgspec.Struct, frozen=True):
    """The JSON file."""

    format: int
    kind: str
    series: dict[str, Any]
    time: str
    target: str
    params: dict[str, Any]
    observed: list[_One]
    taught: list[_Taught]


def written(learned: Learned, known: Mapping[Id, History], answers: Floats) -> dict[str, bytes]:
    """The files; the same forecaster gives the same bytes."""
    header = _Header(
        format=learned.format,
        kind=learned.kind,
        series=learned.series.plain(),
        time=learned.time,
        target=learned.target,
        params=learned.params,
        observed=[_One(name, h.first, h.phase, len(h.values)) for name, h in known.items()],
        taught=[_Taught(name, learned.taught[name]) for name in sorted(learned.taught)],
    )
    values = [history.values for history in known.values()] or [np.empty(0)]
    return {
        HEADER: canonical(header),
        OBSERVED: _array(np.concatenate(values)),
        ANSWERS: _array(answers),
    }


def read(files: Mapping[str, bytes], kind: str) -> tuple[Learned, dict[Id, History], Floats]:
    """What `written` wrote; Corrupt where these are not files of that kind."""
    try:
        header = msgspec.json.decode(files[HEADER], type=_Header)
        values, answers = _numbers(files[OBSERVED]), _numbers(files[ANSWERS])
        series = Series.model_validate(header.series)
    except (KeyError, ValueError, EOFError, msgspec.MsgspecError, ValidationError) as error:
        raise Corrupt(f"these are no files of a forecast: {error!s:.200}") from error
    shape = (len(header.observed), series.horizon, 1 + len(series.quantiles))
    steps = sum(one.steps for one in header.observed)
    if header.format != FORMAT or header.kind != kind:
        raise Corrupt(f"{HEADER} is of kind {header.kind}, format {header.format}; expected {kind}")
    if answers.shape != shape or values.shape != (steps,):
        raise Corrupt(f"{ANSWERS} holds {answers.shape} numbers; {HEADER} tells of {shape}")
    known, start = {}, 0
    for one in header.observed:
        part = values[start : start + one.steps]
        known[one.id] = History(one.first, one.phase, part)
        start += one.steps
    taught = {one.id: one.learned for one in header.taught}
    head = Learned(
        header.format, header.kind, series, header.time, header.target, header.params, taught
    )
    return head, known, answers


def _array(numbers: Floats) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(numbers, dtype="<f8"), allow_pickle=False)
    return file.getvalue()


def _numbers(data: bytes) -> Floats:
    found = np.load(io.BytesIO(data), allow_pickle=False)
    if found.dtype != np.float64:
        raise ValueError(f"holds {found.dtype}; expected float64")
    return np.asarray(found)
