"""The file and the `.env` beside it, read but not yet understood."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepfit.config.environment import read_dotenv
from keepfit.config.lines import KeyPath, Lines, lines_of
from keepfit.config.nodes import Node, Origin, nodes
from keepfit.errors import ConfigError, Problem, UserError

FILE = "keepfit.toml"
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """What the file says, each value with its line."""

    name: str  # of the file
    lines: Lines
    tree: Node


def find_file(start: Path) -> Path:
    """The `keepfit.toml` in the folder `start` or the nearest one above it; UserError if none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise UserError(f"there is no {FILE} in {start} or above it", hint="run `keepfit init`")


def read_document(file: Path) -> Document:
    """The file's tables; UserError if it cannot be read, ConfigError if it is not TOML."""
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        tables = tomllib.loads(text)
    except FileNotFoundError as error:
        raise UserError(f"there is no file {file}", hint="run `keepfit init`") from error
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(f"{file.name}:{line}", "the line", "is not UTF-8; save the file as UTF-8")
        raise ConfigError([problem]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_not_toml(file.name, text, str(error))]) from error
    lines = lines_of(text)
    return Document(file.name, lines, _tree(tables, file.name, lines))


def _not_toml(name: str, text: str, complaint: str) -> Problem:
    where = _WHERE.search(complaint)
    line = where[1] if where and where[1] else text.count("\n") + 1
    return Problem(f"{name}:{line}", "the line", f"is not TOML: {complaint}")


def _tree(tables: dict[str, Any], name: str, lines: Lines) -> Node:
    def origin(path: KeyPath) -> Origin:
        place = f"{name}:{lines.of(path)}"
        return Origin("profile" if path[:1] == ("profile",) else "file", place, path)

    return nodes(tables, origin)


def read_variables(
    folder: Path, environ: Mapping[str, str]
) -> tuple[Mapping[str, str], list[Problem]]:
    """The environment with what `.env` sets beneath it, and the lines there that set nothing."""
    file = folder / ".env"
    if not file.is_file():
        return environ, []
    dotenv = read_dotenv(file.read_text("utf-8-sig"))
    problems = [
        Problem(f".env:{line}", "the line", "sets nothing; expected NAME=VALUE")
        for line in dotenv.unreadable
    ]
    return {**dotenv.variables, **environ}, problems
