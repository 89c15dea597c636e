"""Bytes of a connection become whole requests."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, Protocol

import httptools

from keepfit.serve.http.faults import Fault, malformed, no_place
from keepfit.serve.http.heads import (
    METHODS,
    SPECIAL,
    Head,
    big_body,
    long_header,
    long_url,
)
from keepfit.serve.http.shared import Shared
from keepfit.serve.http.wire import Request

NOTHING: Final = 0  # between two requests
HEAD: Final = 1  # its header is arriving
BODY: Final = 2  # its body is arriving

STRIDE: Final = 4096  # bytes that are parsed at once: so many small requests may be in them
MARGIN: Final = 8192  # of a header, for what is not in names and values


class Taker(Protocol):
    # the header of a request that is special or on trial is there; raises Fault to refuse it
    def heard(self, request: Request, *, waits: bool) -> None: ...

    # the request is there; `keep`: another may follow; `old`: it is of HTTP/1.0
    def taken(self, request: Request, keep: bool, old: bool) -> None: ...  # noqa: FBT001  the hot path


class Incoming:
    """The request that is arriving on a connection; httptools calls the `on_` methods."""

    def __init__(self, shared: Shared, peer: str, taker: Taker) -> None:
        self._shared, self._limits, self._taker = shared, shared.limits, taker
        self._peer, self._words, self._known = peer, shared.words, shared.words.names
        self._parser = httptools.HttpRequestParser(self)
        # A header that came with fewer bytes has neither too many nor too long a URL.
        self._small = min(self._limits.max_header, self._limits.max_url)
        self._now = 0.0
        self._fed = 0  # bytes that the parser has now
        self._raw = 0  # bytes that it had before, since the header or a piece of body began
        self._target = b""
        self._headers: dict[str, str] = {}
        self._repeats = 0  # headers that came again
        self._body: bytes | bytearray = b""
        self._keep = self._old = False
        self._upgrade = False  # the client would like another protocol
        self._fault: Fault | None = None  # that a method of ours raised through the parser
        self._muted = False  # the header that arrives is one of our own
        self.on_trial = False  # the taker is asked whether it takes the request
        self.phase = NOTHING
        self.over = False  # no request may follow
        self.begun = 0.0
        self.heard = 0.0  # when its header was complete
        self.request: Request | None = None  # from then on

    @property
    def received(self) -> int:
        """Bytes of the body so far."""
        return len(self._body)

    @property
    def name(self) -> str:
        """The id of the request, as far as it was understood."""
        return self.request.id if self.request else self._shared.names.choose(self._headers)

    def stride(self) -> int:
        """How much to feed at once: of a body whose length is known, all that is to come."""
        if self.phase == BODY:
            length = self._headers.get("content-length")
            return max(STRIDE, int(length) - len(self._body)) if length else STRIDE
        return STRIDE

    def restart(self, now: float) -> None:
        """The clock of this request begins anew: we did not read, so the client was not slow."""
        self.begun = self.heard = now

    def feed(self, data: bytes | memoryview, now: float) -> None:
        """Delivers what is whole by now; Fault at what nobody can answer."""
        if self.over:
            return
        self._now, self._fed = now, len(data)
        ended_at = None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as e:
            ended_at = e.args[0]
        except httptools.HttpParserError as e:
            fault = self._cause(e)
            if not self.over:
                raise fault from None
        if ended_at is not None:
            self._stay_with_http(data[ended_at:], now)
        elif self.phase:
            self._raw += len(data)
            self._look_at_size()

    def end(self) -> Fault | None:
        """The client says no more: what is wrong about it."""
        self.over = True
        if not self.phase:
            return None
        part = "header" if self.phase == HEAD else "body"
        return Fault(400, f"the connection ended within the {part} of the request")

    def stop(self) -> None:
        """Nothing of the request that is arriving is of use any more."""
        self.over = True
        self.phase = NOTHING
        self._shared.held -= len(self._body)
        self._body = b""

    def drop(self) -> None:
        """The connection is gone."""
        self.stop()
        # It holds our methods: a circle that only the garbage collector would find.
        del self._parser

    def on_message_begin(self) -> None:
        if self._muted:
            return
        self.phase = HEAD
        self.begun = self._now
        self._raw = 0
        self._target = b""
        self._headers = {}
        self._repeats = 0

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase != HEAD:
            # A trailer; nobody asked for it, and as a header it would come after all checks.
            return
        key, headers = self._known.get(name) or self._words.name(name), self._headers
        text = value.decode("latin-1").rstrip(" \t")
        if key in headers:
            self._repeats += 1
            text = f"{headers[key]}, {text}"
        headers[key] = text

    def on_headers_complete(self) -> None:
        if self._muted:
            self._muted = False
            return
        headers, parser, limits = self._headers, self._parser, self._limits
        raw_method = parser.get_method()
        method = METHODS.get(raw_method) or raw_method.decode("ascii")
        version = parser.get_http_version()
        number = len(headers) + self._repeats
        special = not SPECIAL.isdisjoint(headers)
        is_plain = (
            not special
            and version == "1.1"
            and raw_method in METHODS
            and self._raw + self._fed <= self._small
            and number <= limits.max_headers
            and int(headers.get("content-length", 0)) <= limits.max_body
        )
        if not is_plain:
            self._object(Head(method, version, self._target, headers, number))
        self._keep, self._old = parser.should_keep_alive(), version == "1.0"
        self.request = self._named(method)
        self._raw = 0
        self.heard = self._now
        self.phase = BODY
        if special or self.on_trial:
            self._upgrade = "upgrade" in headers and parser.should_upgrade()
            self._ask(self.request, waits="expect" in headers and version == "1.1")

    def on_body(self, data: bytes) -> None:
        shared, size = self._shared, len(self._body) + len(data)
        if size > self._limits.max_body:
            self._fault = big_body(f"has {size} bytes or more", self._limits)
            raise self._fault
        if shared.held + len(data) > self._limits.max_held:
            self._fault = no_place("as many bytes of requests as it can hold")
            raise self._fault
        shared.held += len(data)
        self._raw = -self._fed  # after this piece it is zero
        if not self._body:
            self._body = data
        elif isinstance(self._body, bytes):
            # Many small parts as objects of their own would take many times their size.
            self._body = bytearray(self._body) + data
        else:
            self._body += data

    def on_message_complete(self) -> None:
        request = self.request
        if self._upgrade or request is None:
            return
        self.request = None
        if self._body:
            request.body = bytes(self._body)
            self._body = b""
        self.phase = NOTHING
        self.over = not self._keep
        self._taker.taken(request, self._keep, self._old)

    def _named(self, method: str) -> Request:
        """The request, but for its body."""
        try:
            path, query = self._words.target(self._target)
        except Fault as fault:
            self._fault = fault
            raise
        headers = self._headers
        name = self._shared.names.choose(headers)
        return Request(method, path, query, headers, b"", self._peer, name, self.begun)

    def _object(self, head: Head) -> None:
        if fault := head.objection(self._limits):
            # Whoever observes learns as much about it as there is.
            with suppress(Fault):
                self.request = self._named(head.method)
            self._fault = fault
            raise fault

    def _ask(self, request: Request, *, waits: bool) -> None:
        try:
            self._taker.heard(request, waits=waits)
        except Fault as fault:
            self._fault = fault
            raise

    def _cause(self, error: httptools.HttpParserError) -> Fault:
        if not isinstance(error, httptools.HttpParserCallbackError):
            return malformed(error)
        # The error's own context is no witness: it is another one where our caller handles one.
        if self._fault is None:
            raise error
        return self._fault

    def _look_at_size(self) -> None:
        """The parser tells of a line when it ends, so lines without end are seen here."""
        limits = self._limits
        if self.phase == HEAD:
            if self._raw > limits.max_header + limits.max_url + MARGIN:
                is_url = len(self._target) > limits.max_url
                raise long_url(limits) if is_url else long_header(limits)
        elif self._raw > limits.max_header + MARGIN:
            found = f"more than {limits.max_header} bytes between two pieces"
            raise Fault(400, f"the body's framing is too long: {found}")

    def _stay_with_http(self, rest: bytes | memoryview, now: float) -> None:
        """Offers of another protocol may be ignored, but the parser does not: it stops there."""
        headers = self._headers
        framing = "transfer-encoding" if "transfer-encoding" in headers else "content-length"
        head = f"POST / HTTP/1.1\r\n{framing}: {headers.get(framing, '0')}\r\n\r\n"
        self._parser = httptools.HttpRequestParser(self)
        self._upgrade, self._muted = False, True
        self.feed(head.encode("ascii"), now)
        self.feed(rest, now)
