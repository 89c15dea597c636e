"""The mark of a store: what it is, and which readers may read it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import msgspec

from keepfit.digest import canonical
from keepfit.errors import Corrupt
from keepfit.store import keys
from keepfit.store.backends.settle import settle
from keepfit.store.backends.steps import Get, Steps
from keepfit.store.log.reading import FORMAT, newer


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What the object FORMAT of a store says."""

    format: int = FORMAT
    id: str  # of this store, for ever
    hash: str = "sha256"
    min_reader: int = FORMAT


def check() -> Steps[Mark | None]:
    """The store's mark, None where nobody wrote yet; StoreError if a newer keepfit is needed."""
    data = yield Get(keys.FORMAT)
    return None if data is None else _read(data)


def ensure(entropy: Callable[[int], bytes]) -> Steps[Mark]:
    """The store's mark, written by whoever writes first."""
    mark = yield from check()
    if mark is None:
        mine = Mark(id=str(uuid.UUID(bytes=entropy(16), version=4)))
        mark = _read((yield from settle(keys.FORMAT, canonical(mine))))
    return mark


def _read(data: bytes) -> Mark:
    try:
        mark = msgspec.json.decode(data, type=Mark)
    except msgspec.DecodeError as error:
        raise Corrupt(
            f"{keys.FORMAT} of the store is not what keepfit writes there: {error}",
            hint="is this folder a keepfit store? If it is, restore that file from a backup",
        ) from error
    if mark.min_reader > FORMAT:
        raise newer(f"{keys.FORMAT} of the store")
    return mark
