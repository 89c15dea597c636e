"""One connection: what it reads, when it does not read, when it is late, and how it ends."""

from __future__ import annotations

import asyncio
from typing import cast

from keepfit.serve.http import late
from keepfit.serve.http.answers import Answers
from keepfit.serve.http.encode import CONTINUE
from keepfit.serve.http.faults import Fault, broken, no_place
from keepfit.serve.http.incoming import Incoming
from keepfit.serve.http.leaving import Leaving
from keepfit.serve.http.reading import LARGE, Reading
from keepfit.serve.http.shared import Shared
from keepfit.serve.http.wire import Request

HEALTH = frozenset({"/ping", "/healthz", "/readyz"})
FULL = "as many connections as it may"


class Connection(asyncio.Protocol):
    """Requests come in, answers go out; the server looks after it when something is due."""

    _transport: asyncio.Transport
    _incoming: Incoming
    _answers: Answers
    _reading: Reading
    _leaving: Leaving

    def __init__(self, shared: Shared, everybody: set[Connection]) -> None:
        self._shared, self._limits, self._everybody = shared, shared.limits, everybody
        self.due = shared.clock() + shared.soonest
        self._made = 0.0
        self._spare = False  # it has a spare place
        self._owes_continue = False
        self._ending = False  # we say no more
        self.peer = ""
        self.rests_since = 0.0  # it has been answered, and asks nothing

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self.peer = address[0].removeprefix("::ffff:") if isinstance(address, tuple) else ""
        self._incoming = Incoming(self._shared, self.peer, self)
        self._answers = Answers(self._shared, self._transport, self)
        most = self._limits.max_pipelined
        self._reading = Reading(self._transport, self._incoming, self._answers, most)
        self._leaving = Leaving(self._shared, self._transport)
        self._made = self._shared.clock()
        self._everybody.add(self)
        self._spare = not self._shared.places.sit(self)
        self._incoming.on_trial = self._spare
        if self._spare:
            self._shared.places.sit_spare(self)

    def data_received(self, data: bytes) -> None:
        if len(data) >= LARGE:
            self._reading.let_others_read()
        if self._ending:
            return
        now = self._shared.clock()
        try:
            self._reading.take(data, now)
        except Fault as fault:
            self._refuse(fault)
        self._settle(now)

    def eof_received(self) -> bool:
        self._leaving.is_said = True
        now = self._shared.clock()
        if self._ending:
            self._leaving.close(now)
        elif fault := self._incoming.end():
            self._refuse(fault)
        elif self._answers.waiting:
            self._answers.waiting[-1].keep = False
        else:
            self._finish(now)
        # The client may have closed its half only: it still reads.
        return True

    def pause_writing(self) -> None:
        self._reading.is_stuck = True

    def resume_writing(self) -> None:
        self._reading.is_stuck = False
        self._go_on(self._shared.clock())

    def connection_lost(self, _: Exception | None) -> None:
        self._ending = True
        self._everybody.discard(self)
        self._shared.places.leave(self)
        self._answers.drop()
        self._incoming.drop()

    # What becomes of the bytes.

    def heard(self, request: Request, *, waits: bool) -> None:
        if self._spare:
            self._spare = self._incoming.on_trial = not self._shared.places.sit(self)
        if self._spare and not (request.path in HEALTH and request.method in ("GET", "HEAD")):
            raise no_place(FULL)
        if waits:
            self._owes_continue = True
            self._say_continue()

    def taken(self, request: Request, keep: bool, old: bool) -> None:  # noqa: FBT001
        if self._ending:
            return  # it came along with the one after which we ended
        exchange = self._answers.expect(request, request.id, request.begun)
        exchange.keep = keep and not self._spare
        exchange.old = old
        self._owes_continue = False
        try:
            self._shared.handler(request, exchange.reply)
        except BaseException as e:  # noqa: BLE001  whatever it is, the client gets an answer
            self._shared.report(f"request {request.id} failed", e)
            exchange.reply(broken().response(request.id))

    @property
    def is_reading(self) -> bool:
        return bool(self._incoming.phase or self._reading.rest)

    def wrote(self, now: float, *, last: bool) -> None:
        if last:
            self._finish(now)
            return
        if self.due > (soon := now + self._shared.soonest):
            self.due = soon
        if not self._answers.waiting:
            if self._owes_continue:
                self._say_continue()
            if not self._incoming.phase and not self._reading.rest:
                self._take_rest(now)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """The client took answers: if it was held back for that, it may ask more."""
        reading = self._reading
        if not reading.is_halted or reading.must_halt or self._ending:
            return
        try:
            reading.go_on(now)
        except Fault as fault:
            self._refuse(fault)
        self._settle(now)

    def _settle(self, now: float) -> None:
        """After bytes came: may it go on, and when should somebody look after it?"""
        if self._ending:
            return
        if self._incoming.phase or self._answers.waiting or self._reading.rest:
            soon = now + self._shared.soonest
            self.due = min(self.due, soon)
            if self.rests_since:
                self.rests_since = 0.0
                self._shared.places.resting.pop(self, None)
            if self._reading.must_halt:
                self._reading.halt()

    def _take_rest(self, now: float) -> None:
        resting = self._shared.places.resting
        resting.pop(self, None)
        resting[self] = None
        self.rests_since = now

    def _say_continue(self) -> None:
        # An answer to an earlier request must not come after it.
        if self._owes_continue and not self._answers.waiting:
            self._owes_continue = False
            self._transport.write(CONTINUE)

    # When it is late.

    def look(self, now: float) -> None:
        """Something may be due: end what is late, else say when to look again."""
        self.due = now + self._shared.soonest
        if self._leaving.is_unsent(now):
            return
        if self._ending:
            self.due = self._leaving.look(now)
            return
        dues: list[float] = []
        if self._answers.waiting:
            dues.append(self._look_at_answer(now))
        if self._incoming.phase and not self._reading.is_halted:
            dues.append(self._look_at_request(now))
        if self.is_idle:
            dues.append(self._look_at_rest(now))
        if dues and not self._ending:
            self.due = min(dues)

    @property
    def is_idle(self) -> bool:
        return not (self._ending or self._answers.waiting or self.is_reading)

    @property
    def under_way(self) -> int:
        """Requests of it that are not answered."""
        return len(self._answers.waiting) + bool(self._incoming.phase)

    def _look_at_answer(self, now: float) -> float:
        first = self._answers.waiting[0]
        due = first.begun + self._limits.total_seconds
        if now >= due:
            first.keep = False
            first.reply(late.answer(self._limits).response(first.id))
        return due

    def _look_at_request(self, now: float) -> float:
        due, fault = late.arrival(self._incoming, self._limits)
        if self._spare:
            due, fault = self._made + self._limits.spare_seconds, no_place(FULL)
        if now >= due:
            self._refuse(fault)
        return due

    def _look_at_rest(self, now: float) -> float:
        limits = self._limits
        since = self.rests_since or self._made
        if self._shared.draining:
            due = since + limits.quiet_seconds
        elif self._spare:
            due = since + limits.spare_seconds
        else:
            due = since + (limits.idle_seconds if self.rests_since else limits.header_seconds)
        if now >= due and self._spare:
            self._refuse(no_place(FULL))
        elif now >= due:
            self._end(now)
            self._leaving.close(now)
        return due

    # How it ends.

    def make_room(self) -> None:
        now, lingers = self._shared.clock(), self._ending
        if not self.rests_since:
            self._refuse(no_place(FULL))
        self._end(now)
        self._leaving.close(now, at_once=lingers)

    def abort(self) -> None:
        self._transport.abort()

    def _refuse(self, fault: Fault) -> None:
        """The last answer of this connection."""
        incoming = self._incoming
        if self._ending:
            return
        begun = incoming.begun or self._made
        exchange = self._answers.expect(incoming.request, incoming.name, begun)
        self._reading.stop()
        exchange.reply(fault.response(exchange.id))

    def _finish(self, now: float) -> None:
        self._end(now)
        self._leaving.close_half(now)

    def _end(self, now: float) -> None:
        self._ending = True
        self._reading.stop()
        self.rests_since = 0.0
        self._shared.places.resting.pop(self, None)
        self.due = min(self.due, now + self._shared.soonest)
