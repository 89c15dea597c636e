"""When a request or its answer is late: the moment, and what is then said."""

from __future__ import annotations

from keepfit.serve.http.faults import Fault
from keepfit.serve.http.incoming import HEAD, Incoming
from keepfit.serve.http.limits import Limits


def arrival(incoming: Incoming, limits: Limits) -> tuple[float, Fault]:
    """Of the request that is arriving."""
    if incoming.phase == HEAD:
        seconds = min(limits.header_seconds, limits.total_seconds)
        return incoming.begun + seconds, _late("the header of the request", seconds)
    due = incoming.begun + limits.total_seconds
    slow = incoming.heard + limits.body_grace + incoming.received / limits.body_rate
    if slow < due:
        return slow, _too_slow(incoming.received, limits)
    return due, _late("the request", limits.total_seconds)


def answer(limits: Limits) -> Fault:
    return Fault(503, f"there was no answer within {limits.total_seconds:g} s", retry=True)


def _late(what: str, seconds: float) -> Fault:
    return Fault(408, f"{what} did not arrive within {seconds:g} s of its first byte")


def _too_slow(received: int, limits: Limits) -> Fault:
    expected = f"at least {limits.body_rate} bytes/s after {limits.body_grace:g} s"
    return Fault(408, f"the body came too slowly: {received} bytes so far; expected {expected}")
