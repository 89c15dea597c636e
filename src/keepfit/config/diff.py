"""What changed between two tables of a model, and how much of a version that is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keepfit.config.lines import dotted
from keepfit.digest import Digest, digest_of
from keepfit.records.base import Bump

_MAJOR = ("kind", "target")
# What can change the fitted bytes, beside the rows and the code. What is not named here (owner,
# gate, checks, stages, schedule, keep, where rows come from) never makes a model due.
_MINOR = ("features", "params", "encode", "split", "threads", "train", "per", "series")
_DATA = (
    "query",
    "types",
    "time",
    "key",
    "window",
    "clean",
    "clean_order",
    "derive",
    "derive_order",
    "origin",
    "text",
    "transform",
)

_ORDERS = ("data.clean_order", "data.derive_order")  # where it is not that of their names

_WAY = "window"  # how versions learned that do not say it: they were made before there was a choice

NOTHING = object()  # the value of a key that one of the two tables lacks


@dataclass(frozen=True, slots=True)
class Change:
    """One key of a model whose value differs."""

    key: str  # "params.alpha", from the model's table
    old: Any  # or NOTHING
    new: Any

    def __str__(self) -> str:
        if self.key in _ORDERS:
            return f"{self.key.removesuffix('_order')} in another order"
        if isinstance(self.old, list) and isinstance(self.new, list):
            return f"{self.key} {_list_change(self.old, self.new)}"
        return f"{self.key} {_shown(self.old)} → {_shown(self.new)}"


def training_digest(resolved: Mapping[str, Any]) -> Digest:
    """The digest of those keys of a resolved model that can change its fitted bytes."""
    table = _training(resolved)
    if table["train"] == _WAY:
        del table["train"]
    return digest_of(table)


def bump(old: Mapping[str, Any], new: Mapping[str, Any]) -> Bump:
    """The number that rises from one resolved model to the other; patch where only rows are new."""
    changed = {change.key for change in changes(old, new)}
    if changed & set(_MAJOR):
        return "major"
    return "minor" if changed else "patch"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every key that can change the fitted bytes and differs between two resolved models.

    Of params that only one of two kinds takes the change of the kind tells enough.
    """
    before, after = dict(_leaves(_training(old))), dict(_leaves(_training(new)))
    keys = dict.fromkeys([*before, *after])
    pairs = ((key, before.get(key, NOTHING), after.get(key, NOTHING)) for key in keys)
    found = [Change(dotted(key), was, now) for key, was, now in pairs if was != now]
    names = {change.key for change in found}
    return [change for change in found if not _follows(change, names)]


def _follows(change: Change, changed: set[str]) -> bool:
    """Whether it is the order of rules of which some came or went, or a param of one kind alone."""
    if change.key in _ORDERS:
        rules = f"{change.key.removesuffix('_order')}."
        return any(name.startswith(rules) for name in changed)
    alone = change.old is NOTHING or change.new is NOTHING
    return alone and "kind" in changed and change.key.startswith("params.")


def _training(resolved: Mapping[str, Any]) -> dict[str, Any]:
    data = resolved.get("data", {})
    table = {key: resolved[key] for key in (*_MAJOR, *_MINOR) if key in resolved}
    table["train"] = resolved.get("train", _WAY)
    for key in ("per", "series"):  # absent from tables that were written before there were any
        if table.get(key) is None:
            table.pop(key, None)
    rows = {key: data[key] for key in _DATA if key in data}
    # Versions that were made before there were such tables have none.
    rows.pop("text", None)
    if rows.get("origin") is None:
        rows.pop("origin", None)
    if texts := {name: _asked(text) for name, text in data.get("text", {}).items()}:
        rows["text"] = texts
    return {**table, "data": {**rows, "sql": _queries(data.get("source"))}}


def _asked(text: Mapping[str, Any]) -> dict[str, Any]:
    """What is done to a text, without the steps that are not taken."""
    return {key: value for key, value in text.items() if value not in (None, False, [], {})}


def _queries(source: Any) -> Any:
    """The SQL of sources that are databases, by name: a query chooses rows, an address does not."""
    if not isinstance(source, Mapping):
        return None
    if isinstance(source.get("sql"), str):
        return source["sql"]
    named = {name: _queries(each) for name, each in source.items()}
    return {name: sql for name, sql in named.items() if sql is not None} or None


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, Mapping):
        yield path, value
        return
    for key, item in value.items():
        yield from _leaves(item, (*path, key))


def _shown(value: Any) -> str:
    if value is NOTHING or value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _list_change(old: list[Any], new: list[Any]) -> str:
    gone = [f"- {_shown(item)}" for item in old if item not in new]
    come = [f"+ {_shown(item)}" for item in new if item not in old]
    return ", ".join(come + gone) or "in another order"
