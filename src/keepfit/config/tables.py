"""What the tables of the schema know: their keys, and what each is for."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from keepfit.config.lines import KeyPath
from keepfit.config.meaning import meanings


def known_keys(table: type[BaseModel], path: KeyPath = ()) -> list[str]:
    """The keys of the table at `path` below `table`, as the file spells them."""
    return [key for inner in _tables(table, path) for key in _fields(inner)]


def describe(table: type[BaseModel], path: KeyPath) -> str:
    """What the key at `path` below `table` is for; empty where the schema does not say."""
    for inner in _tables(table, path[:-1]):
        named = {
            (inner.model_fields[name].alias or name): text for name, text in meanings(inner).items()
        }
        if text := named.get(str(path[-1])):
            return text
    return ""


def types_at(table: type[BaseModel], path: KeyPath) -> list[Any]:
    """The types of which the value at `path` below `table` may be one; none: nobody says."""
    types: list[Any] = [table]
    for part in path:
        types = [below for each in types for below in _below(each, part)]
    return types


def _fields(table: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _tables(table: type[BaseModel], path: KeyPath) -> list[type[BaseModel]]:
    return [each for each in types_at(table, path) if _is_table(each)]


def _is_table(each: Any) -> bool:
    return isinstance(each, type) and issubclass(each, BaseModel)


def _below(each: Any, part: str | int) -> Iterator[Any]:
    """The types that an entry of a type may have."""
    if _is_table(each):
        if field := _fields(each).get(str(part)):
            yield from _members(field.annotation)
    elif get_origin(each) in (dict, tuple, list):
        yield from _members(get_args(each)[-1 if get_origin(each) is dict else 0])


def _members(each: Any) -> Iterator[Any]:
    """A type, or the members of a union."""
    if get_origin(each) is Annotated:
        yield from _members(get_args(each)[0])
    elif get_origin(each) in (Union, UnionType):
        for member in get_args(each):
            yield from _members(member)
    else:
        yield each
