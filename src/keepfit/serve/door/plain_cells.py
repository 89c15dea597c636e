"""Small and plain CSV as cells of text, without polars.

Each scan of CSV by polars leaves some bytes behind that nobody can free, and takes milliseconds: a
server that answers for weeks leaves to it only what is large or odd.
"""

from __future__ import annotations

import csv
import io
import re

MOST = 64 * 1024  # bytes; more is quicker with polars
_BOM = "\ufeff"
# Readers differ where a quote stands within a cell, and in whether "" is a text.
_CELL = r"""(?:[^",\r\n]*|"(?:[^"]|"")+")"""
_QUOTED = re.compile(rf"(?:{_CELL}(?:,|\r?\n))*{_CELL}")


def cells_of(body: bytes) -> list[list[str]] | None:
    """A list a line, all of one length; None where it takes a careful reader."""
    if len(body) > MOST:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    lines = _quoted(text) if '"' in text else _split(text)
    return lines if lines and len({len(line) for line in lines}) == 1 else None


def _split(text: str) -> list[list[str]] | None:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    lines = [line.removesuffix("\r") for line in lines]
    odd = text.startswith(_BOM) or any(not line or "\r" in line for line in lines)
    return None if odd else [line.split(",") for line in lines]


def _quoted(text: str) -> list[list[str]] | None:
    if text.startswith(_BOM) or not _QUOTED.fullmatch(text):
        return None
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    return None if [] in lines else lines
