"""Pieces of Markdown, and what code says of itself."""

# ruff: noqa: INP001 - a script's own module, no package
from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

_FIELD = re.compile(r"    (?P<name>\w+): (?P<type>[^=#]+?)(?: = [^#]+?)?(?:  # (?P<said>.*))?")


def prose(text: str) -> Iterator[str]:
    """The paragraphs of an indented text, a line each."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield from (" ".join(paragraph.split("\n")), "")


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table, with an empty line behind it."""
    heads = list(header)
    for line in (heads, ["---"] * len(heads), *rows):
        cells = (" ".join(cell.split("\n")).replace("|", r"\|") for cell in line)
        yield f"| {' | '.join(cells)} |"
    yield ""


def code(text: str) -> Iterator[str]:
    """A block of plain text."""
    yield from ("```text", text.rstrip(), "```", "")


def first_sentence(said: Any) -> str:
    """The first sentence of the docstring of a function or class, on one line."""
    plain = said.func if isinstance(said, partial) else said
    text = " ".join((inspect.getdoc(plain) or "").split())
    return re.split(r"(?<=\.) (?=[A-Z])|; ?NotMeasurable", text)[0].rstrip(".")


def fields(record: type) -> Iterator[str]:
    """The fields that a record declares itself, with type and meaning."""
    rows = [
        (f"`{found['name']}`", f"`{found['type']}`", found["said"] or "")
        for line in inspect.getsource(record).splitlines()
        if (found := _FIELD.fullmatch(line))
    ]
    return table(("field", "type", "meaning"), rows) if rows else iter(())
