"""Params of which only their kind's own code knows what they may be, with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepfit.config.lines import KeyPath, dotted
from keepfit.config.schema.model import ModelSpec
from keepfit.config.space import values_in
from keepfit.config.wording import Wrong
from keepfit.errors import ConfigError, KeepfitError, Problem
from keepfit.kinds import kind

if TYPE_CHECKING:
    from keepfit.kinds.base import Params
    from keepfit.kinds.own.project_class import OwnClass
    from keepfit.lifecycle.model import Model


def wrong_params(spec: ModelSpec, params: Params, root: Path) -> list[Wrong]:
    """What is wrong below the model, of a class of the project's own or what a package takes."""
    if spec.own_class is not None:
        return _of_own_class(spec, params, root)
    look = getattr(kind(spec.kind, root), "wrongs", None)
    return [Wrong(("params", *one.path), one.message) for one in (look(params) if look else [])]


def named(error: KeepfitError, model: Model) -> KeepfitError:
    """An error that a training has raised; where params of the file are to blame, one that names
    each with its line."""
    wrongs = wrong_params(model.spec, model.params, model.root)
    problems = [_problem(one, model) for one in wrongs if one.path[:1] == ("params",)]
    return ConfigError(problems) if problems else error


def _problem(wrong: Wrong, model: Model) -> Problem:
    whole: KeyPath = ("model", model.name, *wrong.path)
    named = takewhile(lambda part: isinstance(part, str), whole)  # a list has one line
    return Problem(str(model.origin(tuple(named))), dotted(whole), wrong.message)


def _of_own_class(spec: ModelSpec, params: Params, root: Path) -> list[Wrong]:
    from keepfit.kinds.own.python import PythonKind

    try:
        own, said = PythonKind(root).own(params), params.model_extra or {}
        found = [Wrong(("params", *one.path), one.message) for one in own.wrongs(said)]
        return [*found, *_own_space(own, said, spec.tune.params)]
    except KeepfitError as error:
        return [Wrong(("params", "class"), str(error))]


def _own_space(own: OwnClass, said: Mapping[str, Any], space: Mapping[str, Any]) -> Iterator[Wrong]:
    """What is wrong with what is to be searched of the params of a class of the project's."""
    for name, given in space.items():
        for path, value in values_in(given):
            wrongs = own.wrongs({**said, name: value})
            if told := next((one.message for one in wrongs if one.path[:1] == (name,)), None):
                yield Wrong(("tune", "params", name, *path), told)
