"""A tree of tables in which every value remembers its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from keepfit.config.lines import KeyPath


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from."""

    source: Literal["flag", "environment", "profile", "file", "default"]
    place: str = ""  # "keepfit.toml:12", or the name of the variable
    key: KeyPath = ()  # as it is written there

    def __str__(self) -> str:
        if self.source == "profile":
            return f"{self.place} (profile {self.key[1]})"
        return self.place or self.source


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Node:
    """A table with its entries, or a value; an array and all that is in it are one value."""

    origin: Origin
    value: Any = None
    entries: dict[str, Node] | None = None

    @property
    def tables(self) -> dict[str, Node]:
        """The entries of a table; nothing of a value."""
        return self.entries or {}

    def at(self, path: KeyPath) -> tuple[Node, KeyPath]:
        """The node at the path, or the last one on the way to it; and what is left of the path."""
        node = self
        for done, part in enumerate(path):
            if part not in node.tables:
                return node, path[done:]
            node = node.tables[str(part)]
        return node, ()

    def plain(self, change: Callable[[Any], Any] = lambda value: value) -> Any:
        """The same as dicts and values, each value changed by `change`."""
        if self.entries is None:
            return change(self.value)
        return {name: entry.plain(change) for name, entry in self.entries.items()}

    def every(self, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Node]]:
        """Every table and every value, with its path."""
        yield path, self
        for name, entry in self.tables.items():
            yield from entry.every((*path, name))

    def leaves(self, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Node]]:
        """Every value and every empty table, with its path."""
        if not self.entries:
            yield path, self
        for name, entry in self.tables.items():
            yield from entry.leaves((*path, name))


def nodes(value: Any, origin_of: Callable[[KeyPath], Origin], path: KeyPath = ()) -> Node:
    """The nodes of a TOML value that is written at `path`."""
    if not isinstance(value, dict):
        return Node(origin_of(path), value)
    entries = {key: nodes(item, origin_of, (*path, key)) for key, item in value.items()}
    return Node(origin_of(path), entries=entries)


def wrapped(path: KeyPath, inner: Node) -> Node:
    """The tables around `inner` that put it at `path`."""
    for part in reversed(path):
        inner = Node(inner.origin, entries={str(part): inner})
    return inner


def overlay(base: Node, top: Node) -> Node:
    """`top` over `base`: tables are merged, anything else is replaced."""
    if base.entries is None or top.entries is None:
        return top
    entries = dict(base.entries)
    for name, entry in top.entries.items():
        # The tables `{ sql, uri }` and `{ trips, zones }` are two ways to write a source, which no
        # merge makes sense of; but a flag or a variable means the one key that it names.
        whole = name == "source" and entry.origin.source not in ("flag", "environment")
        merges = name in entries and not whole
        entries[name] = overlay(entries[name], entry) if merges else entry
    return Node(min(base.origin, top.origin, key=_distance), entries=entries)


def _distance(origin: Origin) -> tuple[bool, bool]:
    """How far from the table itself; what a table lacks is best told where its header stands."""
    return origin.source != "file", origin.key[:1] == ("defaults",)
