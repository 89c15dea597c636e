"""Flags over environment over profile over file, and `[defaults]` under every model."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from keepfit.config.lines import KeyPath, dotted, parse_key
from keepfit.config.nodes import Node, Origin, nodes, overlay, wrapped
from keepfit.errors import Problem, guess

PREFIX = "KEEPFIT__"  # KEEPFIT__MODEL__FARE__PARAMS__ALPHA=0.3
STORE, PROFILE = "KEEPFIT_STORE", "KEEPFIT_PROFILE"
FLAG = "flag"
_INNER = ("defaults", "model")  # of a profile; its other keys are those of [project]


class Setting(NamedTuple):
    """One key that a flag or a variable sets."""

    path: KeyPath
    value: Any
    origin: Origin

    @property
    def node(self) -> Node:
        """The setting as a layer of its own."""
        return wrapped(self.path, nodes(self.value, self._origin, self.path))

    def _origin(self, path: KeyPath) -> Origin:
        return replace(self.origin, key=path)


def with_profile(file: Node, profile: str | None) -> Node:
    """The tables `project`, `defaults` and `model`, with those of the profile over them."""
    tree = Node(file.origin, entries={k: v for k, v in file.tables.items() if k != "profile"})
    node, rest = file.at(("profile", profile or ""))
    if rest or node.entries is None:
        return tree
    inner = {name: entry for name, entry in node.entries.items() if name in _INNER}
    keys = {name: entry for name, entry in node.entries.items() if name not in _INNER}
    project = Node(node.origin, entries=keys)
    return overlay(tree, Node(node.origin, entries={"project": project, **inner}))


def with_settings(tree: Node, settings: Iterable[Setting]) -> tuple[Node, list[Problem]]:
    """The tree with single keys set, the last one wins; and which of them have no place in it."""
    problems = []
    for setting in settings:
        if wrong := _misplaced(tree, setting.path):
            problems.append(Problem(setting.origin.place, dotted(setting.path), wrong))
        else:
            tree = overlay(tree, setting.node)
    return tree, problems


def _misplaced(tree: Node, path: KeyPath) -> str | None:
    if len(path) < 2 or path[0] not in ("project", "defaults", "model"):
        return "is not a known key; expected one below project, defaults or model"
    models = tree.tables.get("model", tree).tables
    if path[0] == "model" and path[1] not in models:
        return f"belongs to no model of the file.{guess(str(path[1]), models)}"
    return None


def with_defaults(tree: Node) -> Node:
    """The tables `project` and `model`, where every model stands over `[defaults]`."""
    defaults, models = tree.tables.get("defaults"), tree.tables.get("model")
    if defaults is None or defaults.entries is None:
        return tree
    entries = {name: node for name, node in tree.tables.items() if name != "defaults"}
    if models is not None and models.entries is not None:
        over = {name: overlay(defaults, model) for name, model in models.entries.items()}
        entries["model"] = Node(models.origin, entries=over)
    return Node(tree.origin, entries=entries)


def settings_of_environment(tree: Node, variables: Mapping[str, str]) -> Iterator[Setting]:
    """What `KEEPFIT_STORE` and `KEEPFIT__…` set; the tree tells how its keys are spelt."""
    if store := variables.get(STORE):
        yield Setting(("project", "store"), store, Origin("environment", STORE))
    for name in sorted(variables):
        if name.startswith(PREFIX):
            path = _spelt(tree, name.removeprefix(PREFIX).split("__"))
            yield Setting(path, toml_value(variables[name]), Origin("environment", name))


def _spelt(tree: Node, parts: list[str]) -> KeyPath:
    """The path as the file spells it: shells have no `-` in names, and capitals only by habit."""
    node, path = tree, []
    for part in parts:
        alike = {name.lower().replace("-", "_"): name for name in node.tables}
        path.append(alike.get(part.lower(), part.lower()))
        node = node.tables.get(path[-1], Node(tree.origin))
    return tuple(path)


def settings_of_flags(overrides: Mapping[str, str]) -> tuple[list[Setting], list[Problem]]:
    """What flags set, from dotted keys to texts; and which of the keys are none."""
    settings, problems = [], []
    for key, text in overrides.items():
        try:
            settings.append(Setting(parse_key(key), toml_value(text), Origin("flag", FLAG)))
        except ValueError as error:
            problems.append(Problem(FLAG, key, f"is not a key; {error}"))
    return settings, problems


def toml_value(text: str) -> Any:
    """The TOML value that the text spells: a number, true, a list; else the text itself."""
    try:
        tables = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return tables["value"] if len(tables) == 1 else text
