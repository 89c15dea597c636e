"""What the environment says: `.env` beside the file, and `${NAME}` inside of texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_SETTING = re.compile(
    r"""[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*
        (?: "(?P<double>(?:\\.|[^"\\])*)" | '(?P<single>[^']*)' | (?P<bare>[^\n]*?) )
        [ \t\r]*(?:(?<![^\s"'])\#[^\n]*)?(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_IDLE = re.compile(r"[ \t\r]*(?:\#[^\n]*)?(?:\n|\Z)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Dotenv:
    """What a `.env` file sets."""

    variables: dict[str, str]
    unreadable: tuple[int, ...]  # lines that are no NAME=VALUE


def read_dotenv(text: str) -> Dotenv:
    """The variables that lines of `NAME=VALUE` set: quotes, comments and `export` as in shells."""
    variables: dict[str, str] = {}
    unreadable: list[int] = []
    at = 0
    while at < len(text):
        if idle := _IDLE.match(text, at):
            at = idle.end()
        elif setting := _SETTING.match(text, at):
            variables[setting["name"]] = _value(setting)
            at = setting.end()
        else:
            unreadable.append(text.count("\n", 0, at) + 1)
            at = (text + "\n").index("\n", at) + 1
    return Dotenv(variables, tuple(unreadable))


def _value(setting: re.Match[str]) -> str:
    if setting["double"] is not None:
        return re.sub(
            r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), setting["double"], flags=re.DOTALL
        )
    return str(setting["single"] if setting["single"] is not None else setting["bare"])


def expand(value: Any, variables: Mapping[str, str]) -> Any:
    """`value` with every `${NAME}` in it read; unset ones stay, and `$${` becomes `${`."""
    match value:
        case str():
            return _PLACEHOLDER.sub(lambda m: _read(m, variables), value)
        case list():
            return [expand(item, variables) for item in value]
        case dict():
            return {key: expand(item, variables) for key, item in value.items()}
    return value


def _read(placeholder: re.Match[str], variables: Mapping[str, str]) -> str:
    name = placeholder[1]
    return "${" if name is None else variables.get(name, placeholder[0])


def names_in(value: Any) -> Iterator[str]:
    """The NAME of every `${NAME}` in a text, or in the texts of a list or table."""
    match value:
        case str():
            yield from (m[1] for m in _PLACEHOLDER.finditer(value) if m[1] is not None)
        case list():
            for item in value:
                yield from names_in(item)
        case dict():
            yield from names_in(list(value.values()))
