"""A project as recipes and digests see it: all defaults, and `${NAME}` where a secret stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from keepfit.config.check import CheckedModel
from keepfit.config.environment import names_in
from keepfit.config.lines import KeyPath, dotted
from keepfit.config.nodes import Node
from keepfit.config.project import Project
from keepfit.config.reading import Reading
from keepfit.config.schema.model import ModelSpec, ProjectTable

Valid = Callable[[Any], object]  # raises ValidationError where a table is not valid


def make_project(
    file: Path, profile: str | None, tree: Node, reading: Reading, variables: Mapping[str, str]
) -> Project:
    """The project of a reading in which nothing was wrong."""
    project = ProjectTable.model_validate(reading.project)
    tables, secrets = _tables(project, reading, tree)
    root = file.resolve().parent
    return Project(
        file=file.resolve(),
        root=root,
        name=project.name,
        store=_store(project.store, root, variables),
        stages=project.stages,
        require=project.require,
        signers=(root / project.signers).resolve() if project.signers else None,
        serve=project.serve,
        profile=profile,
        models={name: model.spec for name, model in reading.models.items() if model.spec},
        params={name: model.params for name, model in reading.models.items()},
        secrets=frozenset(variables[name] for name in secrets) - {""},
        origins={dotted(path): node.origin for path, node in tree.every()},
        tables=tables,
    )


def _store(store: str, root: Path, variables: Mapping[str, str]) -> str:
    if "://" in store:
        return store
    if store.startswith("~/") and "HOME" in variables:
        return str(Path(variables["HOME"], store[2:]))
    return str((root / store).resolve())


def _tables(project: ProjectTable, reading: Reading, tree: Node) -> tuple[dict[str, Any], set[str]]:
    """The tables `project` and `model` as JSON holds them, and whose values are secret."""
    tables: dict[str, Any] = {"project": project.plain(), "model": {}}
    secrets = _hide(tables["project"], tree.at(("project",))[0], ProjectTable.model_validate)
    for name, model in reading.models.items():
        if model.spec:
            tables["model"][name] = model.spec.plain()
            node = tree.at(("model", name))[0]
            secrets |= _hide(tables["model"][name], node, _valid_model(model))
    return tables, secrets


def _valid_model(model: CheckedModel) -> Valid:
    params: type[BaseModel] = type(model.params) if model.params else BaseModel

    def valid(table: Any) -> None:
        ModelSpec.model_validate(table)
        params.model_validate(table["params"])

    return valid


def _hide(table: dict[str, Any], node: Node, valid: Valid) -> set[str]:
    """Puts `${NAME}` back into the table, and returns the names.

    Only where any text will do. A span, a cron line or a number is no secret, and a digest that
    did not see its value would not tell that the model has changed.
    """
    hidden: set[str] = set()
    for path, leaf in node.leaves():
        if names := set(names_in(leaf.value)):
            value = _put(table, path, leaf.value)
            if _is_valid(table, valid):
                hidden |= names
            else:
                _put(table, path, value)
    return hidden


def _put(table: Any, path: KeyPath, value: Any) -> Any:
    """Puts the value at the path, and returns what was there."""
    for part in path[:-1]:
        table = table[part]
    was, table[path[-1]] = table[path[-1]], value
    return was


def _is_valid(table: Any, valid: Valid) -> bool:
    try:
        valid(table)
    except ValidationError:
        return False
    return True
