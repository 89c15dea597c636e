"""Hyperparameters, which are texts, as the keys of a model and typed by what they name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from keepfit.config.layers import Setting, toml_value
from keepfit.config.lines import KeyPath, parse_key
from keepfit.config.nodes import Origin
from keepfit.config.schema.model import ModelSpec
from keepfit.config.tables import known_keys, types_at
from keepfit.config.wording import shown, unknown_key
from keepfit.errors import Problem

FILE = "hyperparameters.json"
_OWN = ("columns", "header", "model", "profile")  # below `keepfit.`
# How Python and JSON spell what TOML spells otherwise: SageMaker's SDK writes str(value).
_SPELT: dict[str, Any] = {"True": True, "False": False, "None": None, "null": None}


@dataclass(frozen=True, slots=True)
class Own:
    """What is said to the container itself, as `keepfit.…`."""

    model: str = ""  # which one of the file
    profile: str = ""
    columns: tuple[str, ...] = ()  # of CSV without a header, in their order
    header: bool | None = None  # of CSV in every channel that does not say it itself


def own_of(texts: Mapping[str, str]) -> tuple[Own, list[Problem]]:
    """What is said to the container, and what is wrong with it."""
    problems: list[Problem] = []
    said = {key.removeprefix("keepfit."): text for key, text in texts.items() if _is_own(key)}
    problems += [
        Problem(FILE, f"keepfit.{key}", unknown_key(key, _OWN)) for key in said if key not in _OWN
    ]
    header = said.get("header", "").strip().lower()
    if header not in ("", "present", "absent"):
        wrong = f"is {shown(said['header'])}; expected 'present' or 'absent'"
        problems.append(Problem(FILE, "keepfit.header", wrong))
    own = Own(
        model=said.get("model", "").strip(),
        profile=said.get("profile", "").strip(),
        columns=tuple(_names(said["columns"])) if "columns" in said else (),
        header={"present": True, "absent": False}.get(header),
    )
    return own, problems


@dataclass(frozen=True, slots=True)
class Target:
    """The model that hyperparameters are about."""

    name: str
    params: type[BaseModel] | None  # what its kind takes; None: the kind is not known


def settings_of(texts: Mapping[str, str], target: Target) -> tuple[list[Setting], list[Problem]]:
    """A setting a hyperparameter, and those that name nothing.

    Keys of the model's table are meant by their names, dotted for inner ones (`split.seed`); any
    other name is a parameter of the kind (`alpha`). `model.…` and `project.…` are whole keys.
    """
    settings, problems = [], []
    for key, text in texts.items():
        if _is_own(key):
            continue
        try:
            path = _path(parse_key(key), target)
        except ValueError as error:
            problems.append(Problem(FILE, key, f"is not a key; {error}"))
            continue
        if wrong := _unknown(key, path, target):
            problems.append(Problem(FILE, key, wrong))
        else:
            value = _value(text, _types(path, target))
            settings.append(Setting(path, value, Origin("flag", FILE, path)))
    return settings, problems


def _is_own(key: str) -> bool:
    return key.startswith("keepfit.")


def _path(parts: tuple[str, ...], target: Target) -> KeyPath:
    if len(parts) > 1 and parts[0] in ("model", "project", "defaults"):
        return parts
    here = ("model", target.name)
    return (*here, *parts) if parts[0] in known_keys(ModelSpec) else (*here, "params", *parts)


def _unknown(key: str, path: KeyPath, target: Target) -> str | None:
    """What is wrong with a name that is neither a key of models nor a parameter of the kind."""
    params = target.params
    written = len(parse_key(key))
    if params is None or path[2:3] != ("params",) or len(path) - written != 3:
        return None  # what is written in full, the file's own door looks at
    if params.model_config.get("extra") == "allow" or str(path[3]) in known_keys(params):
        return None
    return unknown_key(str(path[3]), [*known_keys(params), *known_keys(ModelSpec)])


def _types(path: KeyPath, target: Target) -> list[Any]:
    """The types that the value may have; none: nobody knows."""
    if path[0] != "model" or len(path) < 3:
        return []
    if path[2] == "params" and len(path) > 3:
        return types_at(target.params, path[3:]) if target.params else []
    return types_at(ModelSpec, path[2:])


def _value(text: str, types: list[Any]) -> Any:
    """The text as what it names: a text stays one, names go by commas, all else is TOML or JSON."""
    plain = text.strip()
    if types and all(map(_is_text, types)):
        return _unquoted(text)
    if plain[:1] in ("{", "["):
        try:
            return json.loads(plain)
        except (ValueError, RecursionError):
            return toml_value(plain)
    if any(_is_names(each) for each in types) and not any(each is str for each in types):
        return list(_names(_unquoted(plain)))
    if plain in _SPELT:
        return _SPELT[plain]
    return toml_value(plain)


def _is_text(each: Any) -> bool:
    if get_origin(each) is Literal:
        return all(isinstance(word, str) for word in get_args(each))
    return each is str or each is NoneType


def _is_names(each: Any) -> bool:
    return get_origin(each) is tuple and get_args(each)[:1] == (str,)


def _unquoted(text: str) -> str:
    """The text; of one in JSON's quotes, as SageMaker's SDK may write it, what is between them."""
    if text[:1] == '"':
        try:
            made = json.loads(text)
        except ValueError:
            return text
        return made if isinstance(made, str) else text
    return text


def _names(text: str) -> Iterator[str]:
    if text.strip()[:1] == "[":
        value = toml_value(text.strip())
        if isinstance(value, list):
            yield from map(str, value)
            return
    yield from (name.strip() for name in text.split(",") if name.strip())
