"""Every value of a project and where it came from, for `keepfit check --show`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from keepfit.config.lines import KeyPath, dotted
from keepfit.config.nodes import Origin
from keepfit.config.project import Project
from keepfit.config.schema.rows import ORDERS


class Setting(NamedTuple):
    """One key of the resolved file."""

    key: str  # "model.fare.params.alpha"
    value: str  # as TOML spells it; a secret as "${NAME}"; empty where there is none
    origin: Origin


def explain(project: Project) -> list[Setting]:
    """Every key of the project and its models, defaults included, in the order of the schema."""
    return [
        Setting(dotted(path), _spelt(value), project.origin(path))
        for path, value in _leaves(project.tables)
    ]


def _leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if not (isinstance(value, Mapping) and value):
        yield path, value
        return
    for key, item in value.items():
        if not (path[-1:] == ("data",) and key in ORDERS):  # the rules come in that order
            yield from _leaves(item, (*path, key))


def _spelt(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
