"""The answers of one connection, in the order of its requests."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from keepfit.serve.http.faults import broken
from keepfit.serve.http.shared import Shared
from keepfit.serve.http.wire import Request, Response

NEVER = Response(503)  # stands where an answer would come too late


class Exchange:
    """A request, or one that could not be read, and the answer that it waits for."""

    __slots__ = ("_answers", "answer", "begun", "id", "keep", "old", "request")

    def __init__(self, answers: Answers, request: Request | None, name: str, begun: float) -> None:
        self._answers = answers
        self.request = request
        self.id = name
        self.begun = begun
        self.keep = False  # the connection, for another request
        self.old = False  # HTTP/1.0: the client must be told that the connection is kept
        self.answer: Response | None = None

    def reply(self, response: Response) -> None:
        """Only the first answer counts: the handler may come after its deadline."""
        if self.answer is None:
            self.answer = response
            self._answers.flush()


class Owner(Protocol):
    # whether a part of another request is there
    @property
    def is_reading(self) -> bool: ...

    # answers were written; after the last one the connection ends
    def wrote(self, now: float, *, last: bool) -> None: ...


class Answers:
    """Exchanges under way; what is answered out of order waits for those before it."""

    def __init__(self, shared: Shared, transport: asyncio.Transport, owner: Owner) -> None:
        self._shared, self._transport, self._owner = shared, transport, owner
        self.waiting: deque[Exchange] = deque()

    def expect(self, request: Request | None, name: str, begun: float) -> Exchange:
        """The exchange of another request."""
        exchange = Exchange(self, request, name, begun)
        self.waiting.append(exchange)
        self._shared.requests += 1
        return exchange

    def flush(self) -> None:
        """Writes what can be written by now."""
        waiting, last, now = self.waiting, False, 0.0
        while waiting and not last and (answer := waiting[0].answer) is not None:
            exchange = waiting.popleft()
            last = not exchange.keep or (self._shared.draining and self._is_last())
            now = self._write(exchange, answer, last=last)
        if last:
            self.drop()
        if now:
            self._owner.wrote(now, last=last)

    def drop(self) -> None:
        """None of those that wait can be answered any more."""
        while self.waiting:
            exchange = self.waiting.popleft()
            exchange.answer = NEVER
            self._shared.requests -= 1
            if exchange.request is not None:
                self._shared.held -= len(exchange.request.body)

    def _is_last(self) -> bool:
        """When the server stops: nothing more is under way."""
        return not self.waiting and not self._owner.is_reading

    def _write(self, exchange: Exchange, answer: Response, *, last: bool) -> float:
        """When it was written."""
        shared, request = self._shared, exchange.request
        connection = ""
        if last:
            connection = "connection: close\r\n"
        elif exchange.old:
            connection = "connection: keep-alive\r\n"
        bodiless = request is not None and request.method == "HEAD"
        try:
            data = shared.encoder.encode(answer, exchange.id, connection, bodiless=bodiless)
        except ValueError as e:
            shared.report(f"the answer to request {exchange.id} cannot be written", e)
            answer = broken().response(exchange.id)
            data = shared.encoder.encode(answer, exchange.id, connection, bodiless=bodiless)
        self._transport.write(data)
        shared.requests -= 1
        if request is not None:
            shared.held -= len(request.body)
        now = shared.clock()
        try:
            shared.observe(request, answer, now - exchange.begun)
        except Exception as e:  # noqa: BLE001  an observer's bug must not cost a client its answer
            shared.report(f"request {exchange.id} was not observed", e)
        return now
