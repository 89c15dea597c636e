"""Answers as bytes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from keepfit.serve.http.heads import is_visible
from keepfit.serve.http.wire import Response

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
REMEMBERED: Final = 256  # kinds of answers
# The first lines of an answer.
LINES: Final = {
    s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\nserver: keepfit\r\n" for s in HTTPStatus
}
BODILESS: Final = frozenset({204, 304})


Kind = tuple[int, str, tuple[tuple[str, str], ...]]


class Encoder:
    """Most answers have the headers of the one before; what was once looked at is kept."""

    def __init__(self) -> None:
        self._known: dict[Kind, str] = {}

    def encode(self, response: Response, name: str, connection: str, *, bodiless: bool) -> bytes:
        """The whole answer to a request; ValueError where a status or header cannot be written."""
        kind = response.status, response.type, response.headers
        lines = self._known.get(kind)
        if lines is None:
            lines = _lines(*kind)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[kind] = lines
        body = response.body
        if response.status in BODILESS:
            return f"{lines}x-request-id: {name}\r\n{connection}\r\n".encode("ascii")
        length = f"content-length: {len(body)}"
        head = f"{lines}{length}\r\nx-request-id: {name}\r\n{connection}\r\n".encode("ascii")
        return head if bodiless else head + body


def _lines(status: int, media_type: str, headers: tuple[tuple[str, str], ...]) -> str:
    first = LINES.get(status)
    if first is None or status < 200:
        raise ValueError(f"{status} is no status of an answer")
    if media_type:
        headers = ("content-type", media_type), *headers
    return first + "".join(_line(name, value) for name, value in headers)


def _line(name: str, value: str) -> str:
    # A line's end within a value would let its writer write headers and answers of his own.
    if not is_visible(value) or not name.isascii() or not name.replace("-", "").isalnum():
        raise ValueError(f"a header cannot be written: {name!r}: {value!r}")
    return f"{name}: {value}\r\n"
