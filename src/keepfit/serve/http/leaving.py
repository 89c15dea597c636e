"""How a connection ends, and what a client that does not take its answers costs at most."""

from __future__ import annotations

import asyncio

from keepfit.serve.http.shared import Shared


class Leaving:
    """The end of one connection: our half first, then the client may close its own."""

    def __init__(self, shared: Shared, transport: asyncio.Transport) -> None:
        self._shared, self._transport = shared, transport
        self._unsent_since = 0.0  # answers wait for the client, as we saw when we looked
        self._until = 0.0  # the client may stay
        self.is_said = False  # the client says no more

    def is_unsent(self, now: float) -> bool:
        """Whether the client has answers to take, before anything else of it can be late."""
        if not self._transport.get_write_buffer_size():
            if self._unsent_since:
                self._unsent_since = 0.0
                self.begin(now)
            return False
        self._unsent_since = self._unsent_since or now
        if now >= self._unsent_since + self._shared.limits.total_seconds:
            self._transport.abort()
        return True

    def begin(self, now: float) -> None:
        """From here on the client has so long to go."""
        limits = self._shared.limits
        stays = limits.quiet_seconds if self._shared.draining else limits.linger_seconds
        self._until = now + stays

    def look(self, now: float) -> float:
        """Ends what has stayed too long; when to look again."""
        if self._shared.draining:
            self._until = min(self._until, now + self._shared.limits.quiet_seconds)
        if now >= self._until:
            self._transport.abort()
        return self._until

    def close_half(self, now: float) -> None:
        """Says no more, and reads on.

        If we closed all while bytes of the client are on their way, it would be told that the
        connection was reset, and might never read its answer.
        """
        self.begin(now)
        if self.is_said or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()

    def close(self, now: float, *, at_once: bool = False) -> None:
        """Says and hears no more; at once: not even what waits is sent."""
        self.begin(now)
        if at_once or self._unsent_since:
            self._transport.abort()
        else:
            self._transport.close()
