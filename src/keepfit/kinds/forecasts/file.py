"""A forecaster's files: what it has learned as JSON and, of a network, as safetensors; what it
observed and answers as numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from pydantic import ValidationError

from keepfit.config.schema.series import Series
from keepfit.data.steps import Floats, Given, History, Id
from keepfit.digest import canonical, sha256
from keepfit.errors import Corrupt
from keepfit.kinds.forecasts.method import Learned

HEADER, OBSERVED, ANSWERS = "forecast.json", "observed.npy", "answers.npy"
WEIGHTS, GIVEN = "weights.safetensors", "given.npy"
FORMAT = 1


class _One(msgspec.Struct, frozen=True, omit_defaults=True):
    """A series in the file."""

    id: tuple[str, ...]
    first: int
    phase: int
    steps: int
    given: int = 0  # of how many steps what is beside the values is known


class _Taught(msgspec.Struct, frozen=True):
    """What one taught."""

    id: tuple[str, ...]
    learned: dict[str, Any]


class _Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The JSON file; what only a network has is absent from others."""

    format: int
    kind: str
    series: dict[str, Any]
    time: str
    target: str
    params: dict[str, Any]
    observed: list[_One]
    taught: list[_Taught]
    shared: dict[str, Any] = {}
    weights: str = ""  # the digest of their file: who only answers need not read it


def written(learned: Learned, known: Mapping[Id, History], answers: Floats) -> dict[str, bytes]:
    """The files; the same forecaster gives the same bytes."""
    header = _Header(
        format=learned.format,
        kind=learned.kind,
        series=learned.series.plain(),
        time=learned.time,
        target=learned.target,
        params=learned.params,
        observed=[
            _One(name, h.first, h.phase, len(h.values), len(h.given.steps) if h.given else 0)
            for name, h in known.items()
        ],
        taught=[_Taught(name, learned.taught[name]) for name in sorted(learned.taught)],
        shared=learned.shared,
        weights=sha256(learned.weights) if learned.weights else "",
    )
    values = [history.values for history in known.values()] or [np.empty(0)]
    files = {
        HEADER: canonical(header),
        OBSERVED: _array(np.concatenate(values)),
        ANSWERS: _array(answers),
    }
    files |= {GIVEN: _array(_table(known))} if learned.series.dynamic else {}
    return files | ({WEIGHTS: learned.weights} if learned.weights else {})


def _table(known: Mapping[Id, History]) -> Floats:
    """A row a step: its number, and what is known beside its value."""
    rows = [np.column_stack([h.given.steps, h.given.values]) for h in known.values() if h.given]
    return np.concatenate(rows) if rows else np.empty((0, 0))


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
    weights = files.get(WEIGHTS, b"") if header.weights else b""
    if header.weights and sha256(weights) != header.weights:
        raise Corrupt(f"{WEIGHTS}: these are not the weights that {HEADER} names")
    beside = _beside(files, header, series)
    known, start = {}, 0
    for one, given in zip(header.observed, beside, strict=True):
        part = values[start : start + one.steps]
        known[one.id] = History(one.first, one.phase, part, given)
        start += one.steps
    taught = {one.id: one.learned for one in header.taught}
    head = Learned(
        format=header.format,
        kind=header.kind,
        series=series,
        time=header.time,
        target=header.target,
        params=header.params,
        taught=taught,
        shared=header.shared,
        weights=weights,
    )
    return head, known, answers


def _beside(files: Mapping[str, bytes], header: _Header, series: Series) -> list[Given | None]:
    """What is known beside the values of each series; Corrupt where it is not told."""
    if not series.dynamic:
        return [None] * len(header.observed)
    counts = [one.given for one in header.observed]
    try:
        rows = _numbers(files[GIVEN])
    except (KeyError, ValueError, EOFError) as error:
        raise Corrupt(f"{GIVEN}: these are no files of a forecast: {error!s:.200}") from error
    if counts and rows.shape != (sum(counts), 1 + len(series.dynamic)):
        raise Corrupt(f"{GIVEN} holds {rows.shape} numbers; {HEADER} tells of {sum(counts)} rows")
    parts = np.split(rows, np.cumsum(counts)[:-1]) if counts else []
    return [Given(part[:, 0].astype(np.int64), part[:, 1:]) for part in parts]


def _array(numbers: Floats) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(numbers, dtype="<f8"), allow_pickle=False)
    return file.getvalue()


def _numbers(data: bytes) -> Floats:
    found = np.load(io.BytesIO(data), allow_pickle=False)
    if found.dtype != np.float64:
        raise ValueError(f"holds {found.dtype}; expected float64")
    return np.asarray(found)
