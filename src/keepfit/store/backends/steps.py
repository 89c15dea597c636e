"""What the store's operations ask for, and the one loop that does it.

An operation is a generator that yields requests and does no input or output itself, so the same
code runs on a folder, on a bucket, and in a simulator that loses answers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from keepfit.errors import StoreError
from keepfit.store.backends.objects import GetsMany, ObjectStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Get:
    """Answered with the bytes, or None."""

    key: str


@dataclass(frozen=True, slots=True)
class GetMany:
    """Answered with the bytes of each, or None, in the same order."""

    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Size:
    """Answered with the number of bytes, or None."""

    key: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Answered with every key below the prefix, sorted."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Modified:
    """Answered with the time of the last write by the store's clock, or None."""

    key: str


@dataclass(frozen=True, slots=True)
class Now:
    """Answered with the time by the store's clock."""


@dataclass(frozen=True, slots=True)
class Advise:
    """The object, whatever was there; it may be lost."""

    key: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Delete:
    """The object, if it is still there."""

    key: str


@dataclass(frozen=True, slots=True)
class Create:
    """The object, only where there is none yet."""

    key: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """The files of a prefix that belongs to the operation alone."""

    prefix: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Pause:
    """Some time; longer after more tries."""

    tries: int  # how many there were, from 1


StoreRequest = (
    Get | GetMany | Size | Modified | Now | Keys | Create | Write | Advise | Delete | Pause
)
Steps = Generator[StoreRequest, Any, T]


def drive(steps: Steps[T], objects: ObjectStore, pause: Callable[[int], None]) -> T:
    """What the operation returns once `objects` has done all it asked for."""
    try:
        request = next(steps)
        while True:
            try:
                answer = _perform(request, objects, pause)
            except StoreError as error:
                request = steps.throw(error)
            else:
                request = steps.send(answer)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # a generator returns what Steps[T] says


def _perform(  # noqa: C901, PLR0911 a case a request
    request: StoreRequest, objects: ObjectStore, pause: Callable[[int], None]
) -> Any:
    match request:
        case Get(key):
            return objects.get(key)
        case GetMany(keys):
            return get_many(objects, keys)
        case Size(key):
            return objects.size(key)
        case Modified(key):
            return objects.modified(key)
        case Now():
            return objects.now()
        case Keys(prefix):
            return list(objects.keys(prefix))
        case Create(key, data):
            return objects.create(key, data)
        case Write(prefix, files):
            return objects.write(prefix, files)
        case Advise(key, data):
            return objects.advise(key, data)
        case Delete(key):
            return objects.delete(key)
        case Pause(tries):
            return pause(tries)


def get_many(objects: ObjectStore, keys: Sequence[str]) -> list[bytes | None]:
    """The objects' bytes, in the order of `keys`; at once where the store can do that."""
    if isinstance(objects, GetsMany):
        return objects.get_many(keys)
    return [objects.get(key) for key in keys]
