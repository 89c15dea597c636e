"""What a client may ask of the server, and how long it may take: bounds and deadlines."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The transport reads no file: who has the table has loaded pydantic already.
    from keepfit.config.schema.serving import Serve

MIB = 1024 * 1024
FILES_OF_OTHERS = 128  # of a process: models, logs, the store


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in bytes and counts, deadlines in seconds; no client can move them."""

    max_body: int = 25 * MIB + 1024  # of a request
    max_held: int = 1024 * MIB  # of the bodies of all requests under way
    max_header: int = 32 * 1024  # names and values of a request
    max_headers: int = 100  # of a request
    max_url: int = 8 * 1024
    max_pipelined: int = 16  # requests of one connection that wait for their answers
    max_connections: int = 10_000
    max_per_address: int = 1000  # of these, from one address
    max_spare: int = 64  # connections beyond these, for a look whether one asks for its health
    header_seconds: float = 10.0  # from the first byte of a request to the end of its header
    body_grace: float = 5.0  # from there, until its body must come at a rate of
    body_rate: int = 8 * 1024  # bytes a second
    total_seconds: float = 60.0  # from the first byte to the answer; as long again to take it
    idle_seconds: float = 75.0  # without a request
    spare_seconds: float = 1.0  # in which a connection in a spare place must have asked
    linger_seconds: float = 2.0  # in which a client that was told to go must have gone
    quiet_seconds: float = 0.25  # without a request, when a server that stops lets a client go
    backlog: int = 2048

    @classmethod
    def of(cls, serve: Serve) -> Limits:
        """The limits that the table `[project.serve]` sets."""
        return cls(
            max_body=serve.max_body,
            max_held=max(cls().max_held, 4 * serve.max_body),
            max_connections=serve.max_connections,
            max_per_address=serve.max_per_address,
            header_seconds=serve.header_seconds,
            idle_seconds=serve.idle_seconds,
            total_seconds=serve.total_seconds,
        )

    def within(self, files: int) -> Limits:
        """The same for a process that may open so many files: what is open must leave room."""
        room = max(1, files - self.max_spare - FILES_OF_OTHERS)
        return replace(self, max_connections=min(self.max_connections, room))

    @property
    def soonest(self) -> float:
        """The shortest time after which a connection can be late with anything."""
        begun = self.header_seconds, self.body_grace, self.total_seconds
        return min(*begun, self.idle_seconds, self.spare_seconds, self.linger_seconds)


def most_files() -> int:
    """How many files this process may open."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
