"""Answers that are no predictions: JSON, errors, what a version is."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, Any

from keepfit.names import Version
from keepfit.records.base import Record
from keepfit.serve.answer import line_of
from keepfit.serve.door.problems import BadRequest, Problem
from keepfit.serve.http.wire import Request, Response
from keepfit.serve.served import Served

JSON = "application/json"


class Error(Record, frozen=True, kw_only=True):
    """The body of every answer that is an error."""

    error: str  # all of it in words
    problems: tuple[Problem, ...] = ()
    more: bool = False  # whether there are problems beyond these
    request_id: str = ""


def say(errors: IO[str], text: str) -> None:
    """Tell whoever runs the server, who may be gone: that is no reason to stop."""
    with suppress(OSError, ValueError):
        errors.write(text)
        errors.flush()


def told(value: Any, status: int = 200) -> Response:
    """A record or plain data as JSON."""
    return Response(status, line_of(value), JSON)


def failed(
    request: Request, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """An error in words."""
    body = line_of(Error(error=text, request_id=request.id))
    return Response(status, body, JSON, headers)


def refused(request: Request, bad: BadRequest) -> Response:
    """A request that cannot be answered as it is, with each problem by row and column."""
    error = Error(
        error=bad.in_short,
        problems=tuple(p for p in bad.problems if p.row or p.column is not None),
        more=bad.more,
        request_id=request.id,
    )
    return Response(bad.status, line_of(error), JSON)


def about(served: Served) -> dict[str, Any]:
    """What `GET /model` tells: version, sha, metrics and input schema."""
    manifest, state = served.fetched.manifest, served.fetched.state
    return {
        "model": served.model,
        "version": served.version,
        "sha": Version.parse(served.version).label,
        "kind": manifest.candidate.kind,
        "target": served.fetched.spec.target,
        "published": state.at,
        "classes": list(served.classes),
        "metrics": served.metrics,
        "input": [
            {"name": field.name, "type": field.dtype, "expected": field.words}
            for field in served.schema.fields
        ],
        "compiled": served.compiled is not None,
    }
