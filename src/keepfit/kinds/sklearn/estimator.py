"""From the params of kind `sklearn` to an estimator that is ready to fit; scikit-learn is late."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from keepfit.errors import NotInstalled, UnknownName, UserError
from keepfit.kinds.sklearn.params import Sklearn

Settings = dict[str, Any]

_PUBLIC = re.compile(r"sklearn(\.[a-z][a-z_]*)+\.[A-Z]\w*")


def task_of(params: Sklearn) -> str:
    """`regression` or `classification`, told by the name where it tells."""
    last = steps_of(params)[-1]
    if last.endswith("Regressor"):
        return "regression"
    if last.endswith("Classifier"):
        return "classification"
    base, made = _module("base"), _class(last)
    if issubclass(made, base.ClassifierMixin):
        return "classification"
    if issubclass(made, base.RegressorMixin):
        return "regression"
    raise UserError(f"params.estimator: {last} neither regresses nor classifies")


def build(params: Sklearn, seed: int) -> Any:
    """The estimator, or the pipeline of them, with `seed` wherever one is taken and none given.

    UnknownName for an estimator or a parameter that scikit-learn does not have.
    """
    steps = steps_of(params)
    settings = _settings(params, _step_names(steps))
    made = [
        (name, _instance(path, settings[name])) for path, name in zip(steps, settings, strict=True)
    ]
    estimator = made[0][1] if len(made) == 1 else _module("pipeline").Pipeline(made)
    seeds = {
        name: seed
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state" and value is None
    }
    return estimator.set_params(**seeds)


def steps_of(params: Sklearn) -> tuple[str, ...]:
    """The classes' full names, in order; the last one predicts."""
    return (params.estimator,) if isinstance(params.estimator, str) else params.estimator


def _settings(params: Sklearn, names: Sequence[str]) -> dict[str, Settings]:
    """What each step is given: `Step__param`, a table named like the step, or plainly the last."""
    settings: dict[str, Settings] = {name: {} for name in names}
    for key, value in params.__pydantic_extra__.items():
        step, _, name = key.partition("__")
        if isinstance(value, dict) and key.lower() in settings:
            settings[key.lower()] |= value
        elif name and step.lower() in settings:
            settings[step.lower()][name] = value
        else:
            settings[names[-1]][key] = value
    return settings


def _step_names(steps: Sequence[str]) -> list[str]:
    """The names that `make_pipeline` gives: the class in lower case, numbered if it comes twice."""
    plain = [path.rpartition(".")[2].lower() for path in steps]
    often, seen = Counter(plain), Counter[str]()
    names = []
    for name in plain:
        seen[name] += 1
        names.append(f"{name}-{seen[name]}" if often[name] > 1 else name)
    return names


def _instance(path: str, settings: Settings) -> Any:
    made = _class(path)
    known = inspect.signature(made).parameters
    for name in settings:
        if name.partition("__")[0] not in known:
            raise UnknownName(f"parameter of {made.__name__}", name, known)
    own = {name: _value(value) for name, value in settings.items() if "__" not in name}
    inner = {name: _value(value) for name, value in settings.items() if "__" in name}
    try:
        return made(**own).set_params(**inner)
    except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f"params of {path}: {error}") from error


def _value(value: Any) -> Any:
    """A value of the file as scikit-learn wants it: tuples, and estimators for their names."""
    if isinstance(value, str) and _PUBLIC.fullmatch(value):
        return _instance(value, {})
    if isinstance(value, list | tuple):
        items = [_value(item) for item in value]
        # A flat list is a range or sizes, a tuple there; a list of pairs names estimators.
        return items if any(isinstance(item, tuple) for item in items) else tuple(items)
    return value


def _class(path: str) -> Any:
    module, _, name = path.rpartition(".")
    if not _PUBLIC.fullmatch(path):
        short = {full.rpartition(".")[2]: full for full in _all()}
        near = difflib.get_close_matches(name, short, n=1)
        meant = short[near[0]] if near else "sklearn.ensemble.RandomForestRegressor"
        raise UserError(
            f"params.estimator is '{path}'; expected a class of scikit-learn by its full name, "
            f"such as '{meant}'"
        )
    base = _module("base").BaseEstimator
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError:
        found = None
    if not (isinstance(found, type) and issubclass(found, base)):
        raise UnknownName("estimator of scikit-learn", path, _all())
    return found


def _all() -> list[str]:
    """Every estimator's public name."""
    found = _module("utils.discovery").all_estimators()
    return [
        ".".join([p for p in made.__module__.split(".") if not p.startswith("_")] + [name])
        for name, made in found
    ]


def _module(name: str) -> Any:
    try:
        return importlib.import_module(f"sklearn.{name}")
    except ImportError as error:
        raise NotInstalled("kind `sklearn`", "sklearn") from error
