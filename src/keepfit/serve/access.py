"""The access log: a line of JSON a request, written some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

import msgspec

from keepfit.serve.http.wire import Request, Response

_AT_ONCE = 256  # lines that wait at most
_WHOLE = 4096  # bytes that a pipe takes whole, whoever else writes into it


class Line(msgspec.Struct, omit_defaults=True):
    """What is told of a request."""

    at: str  # ISO time, UTC, when it was answered
    id: str
    peer: str
    method: str
    path: str
    status: int
    seconds: float
    received: int = 0  # bytes of the body
    sent: int = 0
    rows: int = 0
    model: str = ""  # name@version


@dataclass(slots=True)
class AccessLog:
    """Lines that wait for `flush`, which somebody calls now and then."""

    file: IO[bytes]
    clock: Callable[[], datetime]
    _lines: list[bytes] = field(default_factory=list)
    _encoder: msgspec.json.Encoder = field(default_factory=msgspec.json.Encoder)

    def note(self, request: Request | None, response: Response, seconds: float) -> None:
        """Tell of one answer."""
        line = Line(
            at=self.clock().isoformat(timespec="milliseconds"),
            id=request.id if request else "",
            peer=request.peer if request else "",
            method=request.method if request else "",
            path=request.path if request else "",
            status=response.status,
            seconds=round(seconds, 6),
            received=len(request.body) if request else 0,
            sent=len(response.body),
            rows=response.rows,
            model=response.model,
        )
        self._lines.append(self._encoder.encode(line))
        if len(self._lines) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what waits; whoever reads the log may be gone, which is no reason to stop."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        try:
            for some in _pieces(lines):
                self.file.write(some)
                self.file.flush()
        except (OSError, ValueError):
            return


def _pieces(lines: list[bytes]) -> Iterator[bytes]:
    """Whole lines, so many as a pipe takes whole, so that those of several processes do not mix."""
    piece = b""
    for line in lines:
        if piece and len(piece) + len(line) >= _WHOLE:
            yield piece
            piece = b""
        piece += line + b"\n"
    yield piece
