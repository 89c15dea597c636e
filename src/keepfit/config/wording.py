"""What pydantic found wrong, in plain words: one sentence a place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from keepfit.config.lines import KeyPath
from keepfit.config.tables import describe, known_keys
from keepfit.errors import guess

_WANTED = {  # the first word of pydantic's type of error -> what was expected
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "set": "a list",
    "dict": "a table",
    "model": "a table",
    "dataclass": "a duration such as '1 month'",
    "datetime": "a date and time",
    "date": "a date",
}
_BOUNDS = {
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}
_WIDEST = 60  # characters of a value that a message shows


class Wrong(NamedTuple):
    """One thing that is wrong in a table."""

    path: KeyPath  # from the table
    message: str


class _Found(NamedTuple):
    """What pydantic says of one value."""

    path: KeyPath
    union: KeyPath | None  # where the union stands, of which one member says this
    member: object  # that member, as pydantic calls it
    detail: ErrorDetails


def shown(value: Any) -> str:
    """A value as a message shows it: about as TOML spells it, and never long."""
    match value:
        case str():
            text = f"'{value}'"
        case bool() | int() | float() | dict() | list() | None:
            text = json.dumps(value, ensure_ascii=False, default=str)
        case _:
            text = str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def in_plain_words(
    error: ValidationError, table: type[BaseModel], raw: dict[str, Any]
) -> list[Wrong]:
    """A sentence for every place that pydantic complains about; `raw` is the table as written."""
    values: dict[KeyPath, list[_Found]] = {}
    for detail in error.errors(include_url=False):
        found = _found(detail, raw)
        values.setdefault(found.path if found.union is None else found.union, []).append(found)
    return [wrong for group in values.values() for wrong in _sentences(group, table, raw)]


def _found(detail: ErrorDetails, raw: Any) -> _Found:
    """The path of the value; pydantic's also names the members of unions, which are no keys."""
    lacks = detail["type"] == "missing"
    path: KeyPath = ()
    union, member, value = None, None, raw
    for part in detail["loc"][: -1 if lacks else None]:
        if _has(value, part):
            path, value = (*path, part), value[part]
        elif part != "[key]" and union is None:
            union, member = path, part
    return _Found((*path, detail["loc"][-1]) if lacks else path, union, member, detail)


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _sentences(group: list[_Found], table: type[BaseModel], raw: Any) -> Iterator[Wrong]:
    """What to say of one value; of a union's members those speak that could read the most of it."""
    least = min(len(found.path) for found in group)
    deeper = [found for found in group if len(found.path) > least]
    misfits = {f.member for f in deeper if f.detail["type"] in ("missing", "extra_forbidden")}
    fitting = [found for found in deeper if found.member not in misfits]
    paths: dict[KeyPath, list[ErrorDetails]] = {}
    for found in fitting or deeper or group:
        paths.setdefault(found.path, []).append(found.detail)
    for path, details in paths.items():
        yield _sentence(path, details, table, raw)


def _sentence(
    path: KeyPath, details: list[ErrorDetails], table: type[BaseModel], raw: Any
) -> Wrong:
    kinds = {detail["type"] for detail in details}
    if kinds & {"extra_forbidden", "unexpected_keyword_argument"}:  # of a model, or a dataclass
        return Wrong(path, unknown_key(str(path[-1]), known_keys(table, path[:-1])))
    if kinds == {"missing"}:
        return Wrong(path[:-1], _lacks(path, table))
    if any(detail["loc"][-1:] == ("[key]",) for detail in details):
        return Wrong(path, f"is not a known key; expected {_expected(details[0])}")
    if own := _own_words(details):
        return Wrong(path, own)
    wanted = dict.fromkeys(_expected(detail) for detail in details if detail["type"] != "missing")
    return Wrong(path, f"is {shown(value_at(raw, path))}; expected {', or '.join(wanted)}")


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say of a key that is none of the known ones."""
    return f"is not a known key.{guess(key, known)}"


def value_at(raw: Any, path: KeyPath) -> Any:
    """The value at a path of the table as written."""
    for part in path:
        raw = raw[part]
    return raw


def _lacks(path: KeyPath, table: type[BaseModel]) -> str:
    if isinstance(path[-1], int):
        return f"is too short; expected a list of {path[-1] + 1}"
    return f"is incomplete; expected `{path[-1]}`: {describe(table, path)}".removesuffix(": ")


def _own_words(details: list[ErrorDetails]) -> str | None:
    """What a validator of ours says, where that is a sentence and not only what it expected."""
    texts = [_raised(detail) for detail in details if detail["type"] == "value_error"]
    return next((text for text in texts if not text.startswith("expected ")), None)


def _raised(detail: ErrorDetails) -> str:
    return str(detail["ctx"]["error"])


def _expected(detail: ErrorDetails) -> str:
    """What pydantic expected, without "expected"."""
    kind = detail["type"]
    if kind == "value_error":
        return _raised(detail).removeprefix("expected ")
    if kind in ("literal_error", "enum"):
        return str(detail["ctx"]["expected"])
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**detail["ctx"])
    if kind.endswith(("_type", "_parsing", "_from_float", "_number", "_size")):
        return _WANTED.get(kind.partition("_")[0], detail["msg"])
    return detail["msg"].removeprefix("Input should be ")
