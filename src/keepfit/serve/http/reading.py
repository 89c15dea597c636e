"""When a connection is read and parsed, and when not: the client must take what it asked for."""

from __future__ import annotations

import asyncio
from typing import Final

from keepfit.serve.http.answers import Answers
from keepfit.serve.http.incoming import STRIDE, Incoming

LARGE: Final = 64 * 1024  # bytes that came at once


class Reading:
    """The bytes of one connection that were read and are not parsed yet."""

    def __init__(
        self, transport: asyncio.Transport, incoming: Incoming, answers: Answers, most: int
    ) -> None:
        self._transport, self._incoming, self._answers = transport, incoming, answers
        self._most = most  # requests that may wait for their answers
        self.rest = memoryview(b"")
        self.is_halted = False
        self.is_stuck = False  # the client does not take its answers: many bytes of them wait

    def take(self, data: bytes, now: float) -> None:
        """Parses what it may; Fault at what nobody can answer."""
        if len(data) <= STRIDE and not self.is_halted:
            self._incoming.feed(data, now)
        else:
            self.rest = memoryview(bytes(self.rest) + data)
            self.go_on(now)

    def go_on(self, now: float) -> None:
        """The same with what is there already."""
        was_halted, self.is_halted = self.is_halted, False
        if was_halted:
            self._incoming.restart(now)
        while self.rest and not self._incoming.over and not self.must_halt:
            stride = self._incoming.stride()
            part, self.rest = self.rest[:stride], self.rest[stride:]
            self._incoming.feed(part, now)
        if was_halted and not self.must_halt:
            self._read_on()

    @property
    def must_halt(self) -> bool:
        return self.is_stuck or len(self._answers.waiting) > self._most

    def halt(self) -> None:
        self.is_halted = True
        self._transport.pause_reading()

    def stop(self) -> None:
        """What has been read is of no use any more."""
        self._incoming.stop()
        self.rest = memoryview(b"")

    def let_others_read(self) -> None:
        """This connection has its next turn after theirs."""
        # libuv reads up to 32 times of the same socket before it looks at any other: twenty
        # clients that send as fast as they can kept a look at the health waiting for 3 s.
        self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        if not self.is_halted and not self._transport.is_closing():
            self._transport.resume_reading()
