"""A client that says what came back, whatever that is."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; status 0: there was none."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)  # by lower-case name
    seconds: float = 0.0
    error: str = ""  # why there was none

    @property
    def type(self) -> str:
        """The content type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def lines(self) -> list[str]:
        """The body as lines of text."""
        return self.body.decode(errors="replace").splitlines()

    def __str__(self) -> str:
        if not self.status:
            return f"no answer: {self.error}"
        start = self.body[:80].decode(errors="replace").strip()
        return f"{self.status} {self.type or 'no type'}{f': {start}' if start else ''}"


@dataclass(frozen=True, slots=True)
class Web:
    """The server at a port of this machine."""

    port: int

    def get(self, path: str, *, timeout: float = 60) -> Reply:
        """The answer to a GET."""
        return self.send("GET", path, timeout=timeout)

    def post(self, body: bytes | str, kind: str = "text/csv", **headers: str) -> Reply:
        """The answer to rows of a content type; header names are spelt with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", "/invocations", body, {"Content-Type": kind, **named})

    def send(  # noqa: PLR0913 what a request is made of
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 90,
        sent: Callable[[], object] = lambda: None,
    ) -> Reply:
        """The answer to one request on a connection of its own; `sent` is called once it is off."""
        begun = monotonic()
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout)
        data = body.encode() if isinstance(body, str) else body
        try:
            with closing(connection):
                # A server may refuse a large body before it has read it all.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.request(method, path, data, dict(headers or {}))
                sent()
                return read(connection.getresponse(), begun)
        except (OSError, http.client.HTTPException) as error:
            return Reply(0, error=f"{type(error).__name__}: {error}", seconds=monotonic() - begun)

    @contextmanager
    def socket(self, timeout: float = 30) -> Iterator[socket.socket]:
        """A bare connection."""
        with socket.create_connection((HOST, self.port), timeout) as made:
            yield made

    def raw(self, data: bytes, timeout: float = 30) -> Reply:
        """The answer to bytes that may be no HTTP at all."""
        begun = monotonic()
        try:
            with self.socket(timeout) as connection:
                connection.sendall(data)
                response = http.client.HTTPResponse(connection)
                response.begin()
                return read(response, begun)
        except (OSError, http.client.HTTPException) as error:
            return Reply(0, error=f"{type(error).__name__}: {error}", seconds=monotonic() - begun)


def read(response: http.client.HTTPResponse, begun: float) -> Reply:
    """The answer, read to its end."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, response.read(), headers, monotonic() - begun)
