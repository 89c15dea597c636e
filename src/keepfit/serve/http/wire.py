"""What the transport hands to the application, and what it wants back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
    """A request that has arrived whole, within the limits."""

    method: str  # GET, POST
    path: str  # percent-decoded, without the query
    query: str  # as it came, without the question mark
    headers: Mapping[str, str]  # by lower-case name; repeated ones are joined by ", "
    body: bytes
    peer: str  # the client's address
    id: str  # what the client called it, else a new name; every answer carries it
    begun: float  # seconds of the loop's clock at its first byte


@dataclass(slots=True)
class Response:
    """An answer; the transport adds its length, the request's id and what the connection needs."""

    status: int
    body: bytes = b""
    type: str = ""  # content type; "" where there is no body
    headers: tuple[tuple[str, str], ...] = field(default=())
    rows: int = 0  # predicted, for logs and metrics
    model: str = ""  # by which version: name@version


Reply = Callable[[Response], None]

# Takes a request on the event loop and calls the reply once, now or later, on the loop. What it
# raises is a bug: the transport answers 500 with the request's id and says no more.
Handler = Callable[[Request, Reply], None]

# Is told of every answer once it was written, of those too that the transport gave by itself
# (400, 408, 413, 431, 503); then the request is None where nothing of it could be read. The last
# is how many seconds it took.
Observer = Callable[[Request | None, Response, float], None]
