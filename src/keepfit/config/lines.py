"""On which line each key of a TOML text stands; tomllib does not tell."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]  # a number is a place in an array of tables

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
_PIECE = re.compile(  # of a value: a whole string, a comment, or any one character
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|.",
    re.DOTALL,
)


def dotted(path: KeyPath) -> str:
    """The path as TOML spells it: `model.fare.gate.rules[0]."odd key"`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)}"
    return text.removeprefix(".")


def parse_key(text: str) -> tuple[str, ...]:
    """The parts of a dotted key such as `model.fare."odd key"`; ValueError if it is none."""
    parts, end = _key(text, _skip(_SPACE, text, 0))
    if _skip(_SPACE, text, end) != len(text):
        raise ValueError("expected a dotted key such as model.fare.params.alpha")
    return parts


@dataclass(frozen=True, slots=True)
class Lines:
    """The line of every key that stands outside of a value."""

    known: dict[KeyPath, int]

    def of(self, path: KeyPath) -> int:
        """The line of the key, or of the nearest key around it; 1 where there is none."""
        while path and path not in self.known:
            path = path[:-1]
        return self.known.get(path, 1)


def lines_of(text: str) -> Lines:
    """The lines of a text that tomllib has read without complaint."""
    scan = _Scan(text)
    at = _skip(_BLANK, text, 0)
    while at < len(text):
        at = scan.header(at) if text[at] == "[" else scan.pair(at)
        at = _skip(_BLANK, text, at)
    return Lines(scan.known)


class _Scan:
    """What was seen so far of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.table: KeyPath = ()
        self.known: dict[KeyPath, int] = {}
        self.arrays: dict[KeyPath, int] = {}  # array of tables -> its last place
        self._line, self._counted = 1, 0

    def header(self, at: int) -> int:
        """Reads `[table]` or `[[array]]`, and returns where it ends."""
        brackets = 2 if self.text.startswith("[[", at) else 1
        parts, end = _key(self.text, _skip(_SPACE, self.text, at + brackets))
        self.table = self._place((), parts[:-1], at)
        self.table = self._place(self.table, parts[-1:], at, again=brackets == 2)
        return self.text.index("]", end) + brackets

    def pair(self, at: int) -> int:
        """Reads `key = value`, and returns where it ends."""
        parts, end = _key(self.text, at)
        self._place(self.table, parts, at)
        return _end_of_value(self.text, self.text.index("=", end) + 1)

    def _place(
        self, inside: KeyPath, parts: tuple[str, ...], at: int, *, again: bool = False
    ) -> KeyPath:
        path = inside
        for part in parts:
            path = (*path, part)
            self.known.setdefault(path, self._line_at(at))
            if again:
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if path in self.arrays:
                path = (*path, self.arrays[path])
                self.known.setdefault(path, self._line_at(at))
        return path

    def _line_at(self, at: int) -> int:
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        return self._line


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _key(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """The parts of the dotted key at `at`, and where it ends."""
    parts: list[str] = []
    while True:
        match = _KEY.match(text, at)
        if not match:
            raise ValueError("expected a dotted key such as model.fare.params.alpha")
        parts.append(_unquoted(match[0]))
        end = _skip(_SPACE, text, match.end())
        if text[end : end + 1] != ".":
            return tuple(parts), match.end()
        at = _skip(_SPACE, text, end + 1)


def _unquoted(key: str) -> str:
    return str(tomllib.loads(f"key = {key}")["key"]) if key[0] in "\"'" else key


def _end_of_value(text: str, at: int) -> int:
    """Where the value ends: at the first line break outside of brackets and strings."""
    depth = 0
    for piece in _PIECE.finditer(text, at):
        match piece[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth == 0:
                return piece.start()
    return len(text)
