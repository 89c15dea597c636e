"""The server: a socket that listens, its connections, and an end without loss."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable

from keepfit.serve.http.encode import Encoder
from keepfit.serve.http.heads import Names, Words
from keepfit.serve.http.limits import Limits, most_files
from keepfit.serve.http.places import Places
from keepfit.serve.http.protocol import Connection
from keepfit.serve.http.shared import Shared
from keepfit.serve.http.wire import Handler, Observer

LONGEST_TICK = 0.5  # seconds between two looks at what is due
SHORTEST_TICK = 0.01


class Server:
    """HTTP/1.1 for one handler, on the event loop that runs when it is started."""

    port: int  # where it listens
    listens = False  # whether it was started

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        *,
        observe: Observer,
        entropy: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = limits.within(most_files())
        self._limits, self._clock = limits, clock
        self._given: socket.socket | None = None
        self._tick = max(SHORTEST_TICK, min(LONGEST_TICK, limits.soonest / 4))
        self._open: set[Connection] = set()
        self._shared = Shared(
            handler=handler,
            limits=limits,
            observe=observe,
            clock=clock,
            report=self._report,
            names=Names(entropy),
            words=Words(),
            encoder=Encoder(),
            places=Places(limits),
            soonest=limits.soonest,
        )

    async def start(self, host: str | None, port: int) -> None:
        """Listens at an address; port 0 takes a free one, a host of None is every address."""
        loop = asyncio.get_running_loop()
        backlog = self._limits.backlog
        self._begin(loop, await loop.create_server(self._connect, host, port, backlog=backlog))

    async def start_on(self, listening: socket.socket) -> None:
        """Listens on a socket that is bound, and that other processes may share."""
        loop = asyncio.get_running_loop()
        backlog = self._limits.backlog
        self._begin(loop, await loop.create_server(self._connect, sock=listening, backlog=backlog))
        self._given = listening

    @property
    def connections(self) -> int:
        """Open ones."""
        return len(self._open)

    @property
    def requests(self) -> int:
        """Those that the handler has not answered."""
        return self._shared.requests

    async def drain(self, seconds: float) -> int:
        """Stops: answers what is under way, tells clients to go; how many requests were cut."""
        self._shared.draining = True
        # What has reached the process by now is read before anything is closed.
        for _ in range(2):
            await asyncio.sleep(0)
        self._listener.close()
        if self._given:
            # uvloop leaves it open: who came meanwhile would wait for us, and be cut off at the end
            self._given.close()
        until = self._clock() + seconds
        for connection in self._open:
            connection.due = 0.0
        while self._open and self._clock() < until:
            self._look_at_due()
            await asyncio.sleep(SHORTEST_TICK)
        self._timer.cancel()
        cut = sum(connection.under_way for connection in self._open)
        for connection in list(self._open):
            connection.abort()
        await asyncio.sleep(0)
        return cut

    def _connect(self) -> Connection:
        return Connection(self._shared, self._open)

    def _begin(self, loop: asyncio.AbstractEventLoop, listener: asyncio.Server) -> None:
        self._loop, self._listener = loop, listener
        self.listens = True
        self.port = int(listener.sockets[0].getsockname()[1])
        self._timer = loop.call_later(self._tick, self._sweep)

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(self._tick, self._sweep)
        self._look_at_due()

    def _look_at_due(self) -> None:
        now = self._clock()
        for connection in [each for each in self._open if each.due <= now]:
            connection.look(now)

    def _report(self, message: str, error: BaseException) -> None:
        self._loop.call_exception_handler({"message": message, "exception": error})
