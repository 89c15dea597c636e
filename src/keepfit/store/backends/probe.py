"""Whether a store keeps what the log relies on: tried, not believed.

Buckets that accept the condition of a write and ignore it exist; on such a one two writers could
each believe that a version number is theirs.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keepfit.digest import sha256_file
from keepfit.errors import StoreError
from keepfit.store.backends.objects import Exists, ObjectStore, Unknown
from keepfit.store.backends.settle import settle
from keepfit.store.backends.steps import drive

_PLACE = "tmp"  # what is tried lies below it, and no listing of a store shows it
_WRITERS = 32
_LARGE = 20 << 20  # bytes: more than one part of an upload
_SKEW = timedelta(minutes=5)  # S3 refuses requests that are 15 minutes off


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried, and what came of it."""

    promise: str  # what a store must do
    kept: bool
    found: str = ""  # what it did instead


def prove(objects: ObjectStore, *, entropy: Callable[[int], bytes] = os.urandom) -> None:
    """Return where the store can be written to safely; StoreError with what it does wrong."""
    trials = list(basics(objects, _place(entropy)))
    if broken := next((trial for trial in trials if not trial.kept), None):
        raise StoreError(
            f"this store cannot be written to safely: {broken.promise}, but {broken.found}",
            hint="use another store; what is in this one can be read. More: keepfit doctor",
        )


def probe(
    objects: ObjectStore,
    *,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes] = os.urandom,
) -> Iterator[Trial]:
    """Every trial there is, one after the other: about a hundred requests and 20 MB each way."""
    place = _place(entropy)
    try:
        yield from basics(objects, place)
        yield _one_winner(objects, f"{place}-race")
        yield _large(objects, f"{place}-large")
        yield _clocks(objects, clock)
    except StoreError as error:
        yield Trial("it can be written to", kept=False, found=str(error))


def basics(objects: ObjectStore, place: str) -> Iterator[Trial]:
    """What every write relies on, tried with half a dozen requests."""
    missing = objects.get(place) is None
    yield Trial("what is not there is not found", missing, "it was found")
    try:
        held = [drive(settle(place, data), objects, _pause) for data in (b"first", b"second")]
        kept = held == [b"first"] * 2 and objects.get(place) == b"first"
        lost = "it was accepted, and the first was lost"
        yield Trial("the second of two creates is refused", kept, lost)
        yield Trial(
            "what was written is listed", place in objects.keys(_PLACE), "the list lacks it"
        )
    finally:
        with contextlib.suppress(StoreError):
            objects.delete(place)  # trainers need no right to delete


def _one_winner(objects: ObjectStore, place: str) -> Trial:
    promise = f"of {_WRITERS} who create the same object one wins"

    def won(number: int) -> bool:
        with contextlib.suppress(Exists, Unknown):
            objects.create(place, b"%d" % number)
            return True
        return False

    with ThreadPoolExecutor(_WRITERS) as threads:
        results = list(threads.map(won, range(_WRITERS)))
    winners = [number for number, success in enumerate(results) if success]
    held = objects.get(place)
    objects.delete(place)
    kept = len(winners) <= 1 and held is not None and winners in ([], [int(held)])
    return Trial(promise, kept, f"{len(winners)} were told that they did")


def _large(objects: ObjectStore, place: str) -> Trial:
    promise = f"a file of {_LARGE >> 20} MB comes back as it was"
    with tempfile.TemporaryDirectory(prefix="keepfit-") as folder:
        source = Path(folder) / "large"
        source.write_bytes(os.urandom(1 << 20) * (_LARGE >> 20))
        written = objects.upload(place, source)
    kept = written == sha256_file(objects.local(place))
    objects.delete(place)
    return Trial(promise, kept, "other bytes came back")


def _clocks(objects: ObjectStore, clock: Callable[[], datetime]) -> Trial:
    skew = abs(objects.now() - clock().astimezone(UTC))
    promise = f"its clock and ours agree to {_SKEW.seconds // 60} minutes"
    return Trial(promise, skew < _SKEW, f"they are {skew.total_seconds():,.0f} s apart")


def _place(entropy: Callable[[int], bytes]) -> str:
    return f"{_PLACE}/probe-{entropy(12).hex()}"


def _pause(tries: int) -> None:
    time.sleep(0.05 * tries)
