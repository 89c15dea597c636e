"""Every kind by name, and where it lives; nothing of it is imported until it is asked for."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import NamedTuple, cast

from keepfit.errors import UnknownName
from keepfit.kinds.base import Kind, Params

GROUP = "keepfit.kinds"


class Entry(NamedTuple):
    """Where a kind's two halves are: its params are light, its algorithm need not be."""

    params: str  # module:class of Params
    kind: str  # module:object of Kind


KINDS: dict[str, Entry] = {
    "linear": Entry("keepfit.kinds.params:Linear", "keepfit.kinds.linear:LINEAR"),
    "ridge": Entry("keepfit.kinds.params:Ridge", "keepfit.kinds.linear:RIDGE"),
    "lasso": Entry("keepfit.kinds.params:Lasso", "keepfit.kinds.lasso:LASSO"),
    "elastic-net": Entry("keepfit.kinds.params:ElasticNet", "keepfit.kinds.lasso:ELASTIC_NET"),
    "logistic": Entry("keepfit.kinds.params:Logistic", "keepfit.kinds.logistic:LOGISTIC"),
    "sklearn": Entry("keepfit.kinds.params:Sklearn", "keepfit.kinds.sklearn:SKLEARN"),
}


def known() -> list[str]:
    """The names of all kinds, those of installed packages included."""
    return sorted({*KINDS, *(entry.name for entry in entry_points(group=GROUP))})


def params_of(name: str) -> type[Params]:
    """What the kind takes from `[model.NAME.params]`; UnknownName with a guess."""
    if entry := KINDS.get(name):
        return cast("type[Params]", _object(entry.params))
    return cast(Kind, _plugin(name)).params


def kind(name: str) -> Kind:
    """The kind of that name; UnknownName with a guess, NotInstalled where an extra is missing."""
    if entry := KINDS.get(name):
        return cast(Kind, _object(entry.kind))
    return cast(Kind, _plugin(name))


def _object(place: str) -> object:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _plugin(name: str) -> object:
    for entry in entry_points(group=GROUP, name=name):
        return entry.load()
    raise UnknownName("kind", name, known())
