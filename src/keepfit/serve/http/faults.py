"""What the transport itself has to say against a request, and how it is said."""

from __future__ import annotations

import json

import httptools

from keepfit.serve.http.wire import Response

JSON = "application/json"


class Fault(Exception):
    """The request cannot be answered by anybody else; the connection ends with this answer."""

    def __init__(self, status: int, text: str, *, retry: bool = False) -> None:
        super().__init__(text)
        self.status, self.text, self.retry = status, text, retry

    def response(self, request_id: str) -> Response:
        """The same as an answer to the request of that id."""
        body = json.dumps({"error": self.text, "request_id": request_id}).encode()
        return Response(self.status, body, JSON, (("retry-after", "1"),) if self.retry else ())


def malformed(error: httptools.HttpParserError) -> Fault:
    """What the parser found, as an answer."""
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return Fault(400, "the request does not begin with a method of HTTP such as GET or POST")
    if "PRI" in str(error):
        return Fault(400, "the request begins as one of HTTP/2; expected HTTP/1.1")
    return Fault(400, f"the request is not well-formed HTTP/1.1: {error}")


def no_place(what: str) -> Fault:
    return Fault(503, f"the server has {what}; try again in a second", retry=True)


def broken() -> Fault:
    return Fault(500, "the server failed; its log says more under this request's id")
