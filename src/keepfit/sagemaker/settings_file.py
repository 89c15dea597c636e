"""A file of settings that somebody else wrote: an object, or what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keepfit.config.wording import shown
from keepfit.errors import Problem

_LARGEST = 1 << 20  # bytes


class _Wrong(Exception):
    """What is wrong with the file, in words."""


def object_of(path: Path, problems: list[Problem]) -> dict[str, Any]:
    """The object that a file holds; an empty one where the file is empty, not there, or wrong,
    which is then among the problems."""
    try:
        return _object(path)
    except _Wrong as wrong:
        problems.append(Problem(path.name, "the file", str(wrong)))
        return {}


def _object(path: Path) -> dict[str, Any]:
    data = _bytes(path)
    if not data.strip():
        return {}
    try:
        made = json.loads(data, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise _Wrong(f"is no JSON: {error}") from error
    if not isinstance(made, dict):
        raise _Wrong(f"holds {shown(made)}; expected an object such as {{}}")
    return made


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _Wrong(f"cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise _Wrong(f"has more than {_LARGEST:,} bytes")
    return data


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"`{key}` is there twice")
        made[key] = value
    return made
