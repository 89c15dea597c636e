"""Names that are never used twice and sort by the time of their making (github.com/ulid/spec)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26  # of 5 bits each: 48 bits of milliseconds, 80 of chance


def ulid(now: datetime, entropy: Callable[[int], bytes]) -> str:
    """A ULID of 26 characters; `entropy(10)` makes it unique, `now` (with its zone) sorts it."""
    milliseconds = int(now.timestamp() * 1000)
    number = milliseconds << 80 | int.from_bytes(entropy(10), "big")
    return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
