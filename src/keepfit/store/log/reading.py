"""From the bytes of a record to an event, or the reason why this reader must stop."""

from __future__ import annotations

from typing import get_args

import msgspec

from keepfit.digest import Digest
from keepfit.errors import Corrupt, StoreError
from keepfit.store.log import events

FORMAT = 1  # of the records that this reader understands

_events: msgspec.json.Decoder[events.Any] = msgspec.json.Decoder(events.Any)
_KNOWN = frozenset(event.__struct_config__.tag for event in get_args(events.Any))


class _Head(msgspec.Struct):
    """What every record of every format begins with."""

    k: str
    min_reader: int = 1


_heads = msgspec.json.Decoder(_Head)


def decode(key: str, data: bytes, *, seq: int, prev: Digest | None) -> events.Any:
    """The event in slot `seq`, chained to `prev`.

    Corrupt where the bytes are no record or do not follow the one before; StoreError where a
    newer keepfit wrote it, because skipping it could show a wrong state.
    """
    event = unchained(key, data, seq=seq)
    if event.prev != prev:
        raise _damaged(key, f"it follows a record with digest {event.prev}, found {prev}")
    return event


def unchained(key: str, data: bytes, *, seq: int) -> events.Any:
    """The event in slot `seq`, whatever came before it; Corrupt or StoreError as for `decode`."""
    try:
        event = _events.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        _stop_at_newer(key, data)
        raise _damaged(key, f"it is not a record ({error})") from error
    if event.min_reader > FORMAT:
        raise newer(key)
    if event.seq != seq:
        raise _damaged(key, f"it calls itself record {event.seq}")
    return event


def newer(key: str) -> StoreError:
    """The error for what a later format has written."""
    return StoreError(
        f"{key} was written by a newer keepfit than this one",
        hint="upgrade: pip install --upgrade keepfit",
    )


def _stop_at_newer(key: str, data: bytes) -> None:
    try:
        head = _heads.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    if head.min_reader > FORMAT or head.k not in _KNOWN:
        raise newer(key)


def _damaged(key: str, why: str) -> Corrupt:
    return Corrupt(
        f"log damaged at {key}: {why}",
        hint="restore that file and the one before it from a backup; nothing was written",
    )
