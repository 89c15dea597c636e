"""Tables to records: what one profile over the file makes, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keepfit.config.check import CheckedModel, Known, Table, check_model, check_project
from keepfit.config.environment import expand, names_in
from keepfit.config.lines import KeyPath, Lines, dotted
from keepfit.config.nodes import Node, Origin
from keepfit.config.schema.model import ProjectTable
from keepfit.config.wording import Wrong, shown, unknown_key
from keepfit.errors import Problem

_TOP = ("defaults", "model", "profile", "project")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the tables make, and what is wrong with them."""

    project: ProjectTable | None
    models: dict[str, CheckedModel]
    wrongs: list[Wrong]
    unset: list[Wrong]  # values that wait for a variable which is not there


@dataclass(frozen=True, slots=True)
class Located:
    """A problem, and where it stands."""

    problem: Problem
    origin: Origin
    line: int  # 0 for a flag or a variable


def read(tree: Node, variables: Mapping[str, str], known: Known) -> Reading:
    """The records of the tables `project` and `model`, with all that is wrong with them."""
    table = _table(tree.tables.get("project"), variables)
    project, found = check_project(table)
    wrongs = [*wrong_shapes(tree), *_below(("project",), found)]
    models = {}
    for name, node in _models(tree):
        models[name] = check_model(name, _table(node, variables), known, _stages(project, table))
        wrongs += _below(("model", name), models[name].wrongs)
    unset = list(_unset(tree, variables))
    waiting = {wrong.path for wrong in unset}
    return Reading(project, models, [w for w in wrongs if not _waits(w.path, waiting)], unset)


def wrong_shapes(tree: Node) -> Iterator[Wrong]:
    """Keys at the top that nobody knows, and values where there should be tables."""
    for name, node in tree.tables.items():
        if name not in _TOP:
            yield Wrong((name,), unknown_key(name, _TOP))
        elif node.entries is None:
            yield Wrong((name,), _no_table(node))
        elif name in ("model", "profile"):
            inner = ((key, each) for key, each in node.tables.items() if each.entries is None)
            yield from (Wrong((name, key), _no_table(each)) for key, each in inner)


def located(wrong: Wrong, tree: Node, file: str, lines: Lines) -> Located:
    """The problem with its place: the line of the key, or the flag or variable that set it."""
    node, rest = tree.at(wrong.path)
    origin = node.origin
    if origin.source not in ("file", "profile"):
        return Located(Problem(origin.place, dotted(wrong.path), wrong.message), origin, 0)
    key = (*origin.key, *rest)
    line = lines.of(key)
    return Located(Problem(f"{file}:{line}", dotted(key), wrong.message), origin, line)


def _no_table(node: Node) -> str:
    return f"is {shown(node.value)}; expected a table"


def _models(tree: Node) -> Iterator[tuple[str, Node]]:
    models = tree.tables.get("model")
    for name, node in models.tables.items() if models else ():
        if node.entries is not None:
            yield name, node


def _table(node: Node | None, variables: Mapping[str, str]) -> Table:
    if node is None or node.entries is None:
        return Table({}, {})
    return Table(node.plain(), node.plain(lambda value: expand(value, variables)))


def _stages(project: ProjectTable | None, table: Table) -> tuple[str, ...]:
    """The stages that a model may name, also where something else is wrong with the project."""
    default = ProjectTable.model_fields["stages"].default
    given = table.read.get("stages", default)
    stages = project.stages if project else given
    return tuple(stages if isinstance(stages, list | tuple) else default)


def _below(path: KeyPath, wrongs: list[Wrong]) -> list[Wrong]:
    return [Wrong((*path, *wrong.path), wrong.message) for wrong in wrongs]


def _unset(tree: Node, variables: Mapping[str, str]) -> Iterator[Wrong]:
    for path, leaf in tree.leaves():
        for name in sorted({*names_in(leaf.value)} - variables.keys()):
            text = f"reads ${{{name}}}, which is not set; expected it in the environment or in .env"
            yield Wrong(path, text)


def _waits(path: KeyPath, waiting: set[KeyPath]) -> bool:
    return any(path[:end] in waiting for end in range(len(path) + 1))
