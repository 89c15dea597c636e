"""What the connections of one server have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keepfit.serve.http.encode import Encoder
from keepfit.serve.http.heads import Names, Words
from keepfit.serve.http.limits import Limits
from keepfit.serve.http.places import Places
from keepfit.serve.http.wire import Handler, Observer


@dataclass(slots=True)
class Shared:
    """One server, as its connections see it."""

    handler: Handler
    limits: Limits
    observe: Observer
    clock: Callable[[], float]
    report: Callable[[str, BaseException], None]  # bugs
    names: Names
    words: Words
    encoder: Encoder
    places: Places
    requests: int = 0  # given to the handler, not answered
    held: int = 0  # bytes of bodies that arrived and are not answered
    draining: bool = False  # the server is stopping
    soonest: float = 0.0  # see Limits
