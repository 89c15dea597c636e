"""Every kind by name, and where it lives; nothing of it is imported until it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from keepfit.errors import UnknownName
from keepfit.kinds.rows import BatchModel, RowModel

if TYPE_CHECKING:  # both bring pydantic, which who only reads a row model does without
    from keepfit.config.schema.per import Per
    from keepfit.kinds.base import Fitted, Kind, Params

GROUP = "keepfit.kinds"
FLEET = "fleet.json"  # among the files of a model that is a fleet of its kind


class Entry(NamedTuple):
    """Where a kind's parts are in this package: its params and rows are light, its algorithm need
    not be."""

    params: str  # module:class of Params
    kind: str  # module:object of Kind
    rows: str | None = None  # module:function of the files that gives a RowModel, or None
    onnx: tuple[str, str] | None = None  # module:function that writes it, and one that reads it


_PLAIN = "linear.plain_rows:row_model"
_MLP = "mlp.rows:row_model"
_FORECASTS = "forecasts.params"
_TREES = "trees.params"

KINDS: dict[str, Entry] = {
    "linear": Entry("linear.params:Linear", "linear.least_squares:LINEAR", _PLAIN),
    "ridge": Entry("linear.params:Ridge", "linear.least_squares:RIDGE", _PLAIN),
    "lasso": Entry("linear.params:Lasso", "linear.lasso:LASSO", _PLAIN),
    "elastic-net": Entry("linear.params:ElasticNet", "linear.lasso:ELASTIC_NET", _PLAIN),
    "logistic": Entry("linear.params:Logistic", "linear.logistic:LOGISTIC", _PLAIN),
    "sklearn": Entry(
        "sklearn.params:Sklearn",
        "sklearn.kind:SKLEARN",
        onnx=("onnx.write:convert", "onnx.rows:batch_model"),
    ),
    "python": Entry("own.params:Python", "own.python:PYTHON"),
    "hist-gradient-boosting-classifier": Entry(
        f"{_TREES}:HistGradientBoostingClassifier",
        "trees.hist_gradient_boosting:CLASSIFIER",
    ),
    "hist-gradient-boosting-regressor": Entry(
        f"{_TREES}:HistGradientBoostingRegressor",
        "trees.hist_gradient_boosting:REGRESSOR",
    ),
    "catboost-classifier": Entry(f"{_TREES}:CatBoostClassifier", "trees.catboost:CLASSIFIER"),
    "catboost-regressor": Entry(f"{_TREES}:CatBoostRegressor", "trees.catboost:REGRESSOR"),
    "lightgbm-classifier": Entry(f"{_TREES}:LightGbmClassifier", "trees.lightgbm:CLASSIFIER"),
    "lightgbm-regressor": Entry(f"{_TREES}:LightGbmRegressor", "trees.lightgbm:REGRESSOR"),
    "mlp-classifier": Entry("mlp.params:MlpClassifier", "mlp.kind:CLASSIFIER", _MLP),
    "mlp-regressor": Entry("mlp.params:MlpRegressor", "mlp.kind:REGRESSOR", _MLP),
    "text-classifier": Entry(
        "texts.params:TextClassifier",
        "texts.classifier:TEXT_CLASSIFIER",
    ),
    "seasonal-naive": Entry(f"{_FORECASTS}:SeasonalNaive", "forecasts.seasonal_naive:KIND"),
    "ets": Entry(f"{_FORECASTS}:Ets", "forecasts.statsforecast:ETS"),
    "theta": Entry(f"{_FORECASTS}:Theta", "forecasts.statsforecast:THETA"),
    "auto-arima": Entry(f"{_FORECASTS}:AutoArima", "forecasts.auto_arima:KIND"),
    "deepar": Entry(f"{_FORECASTS}:DeepAr", "deepar.kind:KIND"),
}


def known() -> list[str]:
    """The names of all kinds, those of installed packages included."""
    return sorted({*KINDS, *(entry.name for entry in entry_points(group=GROUP))})


def params_of(name: str) -> type[Params]:
    """What the kind takes from `[model.NAME.params]`; UnknownName with a guess."""
    if entry := KINDS.get(name):
        return cast("type[Params]", _object(entry.params))
    return cast("Kind", _plugin(name)).params


def kind(name: str, home: Path | None = None) -> Kind:
    """The kind of that name; UnknownName with a guess, NotInstalled where an extra is missing.

    `home` is the project's folder, for kinds that read something of it: a class, a sentence model.
    """
    found = _object(KINDS[name].kind) if name in KINDS else _plugin(name)
    at = getattr(found, "at", None)  # only those have it
    return cast("Kind", at(home) if at and home else found)


def learner(name: str, per: Per | None, home: Path | None = None) -> Kind:
    """The kind of that name; a fleet of it where there is a model per value of a column."""
    found = kind(name, home)
    if per is None:
        return found
    from keepfit.kinds.fleet import Fleet

    return Fleet(name, found, per)


def loader(name: str, files: Mapping[str, bytes], home: Path | None = None) -> Kind:
    """What loads a model of that kind from its files, be it a fleet of them."""
    found = kind(name, home)
    if FLEET not in files:
        return found
    from keepfit.kinds.fleet import Fleet

    return Fleet(name, found)


def why_no_update(name: str, params: Params, home: Path | None = None) -> str | None:
    """Why the kind cannot go on from a model, and what can, as a sentence; None: it can."""
    found = getattr(kind(name, home), "no_update", None)
    why = found(params) if found else f"for kind `{name}` always begins from scratch"
    if why is None:
        return None
    return (
        f"is 'update': going on from a model is not for it, {why}; expected 'window' or 'all', or "
        "another kind: catboost-…, lightgbm-…, mlp-…, sklearn with an estimator that has "
        "partial_fit, or a class of yours whose fit asks for `warm`"
    )


def rows_of(name: str, files: Mapping[str, bytes]) -> RowModel | None:
    """The model in `files`, a row at a time without a frame; None where the kind has no such way.

    Corrupt if these are not files of that kind.
    """
    entry = KINDS.get(name)
    if entry is None or entry.rows is None:
        return None
    load = cast("Callable[[str, Mapping[str, bytes]], RowModel | None]", _object(entry.rows))
    return load(name, files)


def convert(name: str, fitted: Fitted) -> bytes | None:
    """The fitted model as an ONNX file; None where the kind has none, or the extra is missing.

    NotConverted with the reason where this one cannot be said so.
    """
    entry = KINDS.get(name)
    if entry is None or entry.onnx is None:
        return None
    return cast("Callable[[Fitted], bytes | None]", _object(entry.onnx[0]))(fitted)


def batch_of(name: str, files: Mapping[str, bytes], onnx: bytes) -> BatchModel | None:
    """The model in `files` by its ONNX file; None where onnxruntime is not installed.

    Corrupt if these are not files of that kind, or the ONNX file is not this model's.
    """
    entry = KINDS.get(name)
    if entry is None or entry.onnx is None:
        return None
    load = cast("Callable[[Mapping[str, bytes], bytes], BatchModel | None]", _object(entry.onnx[1]))
    return load(files, onnx)


def _object(place: str) -> object:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(f"{__name__}.{module}"), attribute)


def _plugin(name: str) -> object:
    for entry in entry_points(group=GROUP, name=name):
        return entry.load()
    raise UnknownName("kind", name, known())
