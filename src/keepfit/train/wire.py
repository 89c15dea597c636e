"""How the two sides of the training process talk: frames of msgpack, and errors as records."""

from __future__ import annotations

import traceback
from typing import IO, Any

import msgspec

from keepfit import errors
from keepfit.errors import KeepfitError, SystemFailure
from keepfit.records.base import Record
from keepfit.train.job import Fit, Job

_LENGTH = 8  # bytes before every frame

MEMORY = "train on fewer rows (data.window), or on a machine with more memory"


class Ask(Record, frozen=True, kw_only=True):
    """Train this; the answer bears the same number."""

    number: int
    job: Job


class Done(Record, frozen=True, kw_only=True, tag="done"):
    """It was trained."""

    number: int
    fit: Fit


class Failed(Record, frozen=True, kw_only=True, tag="failed"):
    """It was not: an error on its way from one process to the other."""

    number: int
    error: str  # the class in `errors`; "" for one that nobody raised on purpose
    message: str
    hint: str | None = None
    facts: dict[str, Any]  # what the error knows beside its words
    trace: str  # for --debug


Answer = Done | Failed


def answered(frame: bytes) -> Answer:
    """The answer in a frame's body."""
    answer: Answer = msgspec.msgpack.decode(frame, type=Answer)
    return answer


def write(stream: IO[bytes], record: Record) -> None:
    """Send a record: its length in eight bytes, then its msgpack."""
    body = msgspec.msgpack.encode(record)
    stream.write(len(body).to_bytes(_LENGTH, "big"))
    stream.write(body)
    stream.flush()


def read(stream: IO[bytes]) -> bytes | None:
    """The next frame's body; None where the other side is gone, be it in the middle of one."""
    head = stream.read(_LENGTH)
    size = int.from_bytes(head, "big")
    body = stream.read(size) if len(head) == _LENGTH else b""
    return body if len(head) == _LENGTH and len(body) == size else None


def failed(number: int, error: BaseException) -> Failed:
    """An error as a record."""
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError):
        error = SystemFailure("there was not enough memory", hint=MEMORY)
    if not isinstance(error, KeepfitError):
        return Failed(number=number, error="", message=_words(error), facts={}, trace=trace)
    return Failed(
        number=number,
        error=_nearest(type(error)),
        message=str(error),
        hint=error.hint,
        facts={name: value for name, value in vars(error).items() if _is_plain(value)},
        trace=trace,
    )


def revived(failure: Failed, model: str) -> KeepfitError:
    """The error again, of the same class; the other process's traceback is a note to it."""
    if failure.error:
        kind: type[KeepfitError] = getattr(errors, failure.error)
        error = kind.__new__(kind)
        KeepfitError.__init__(error, failure.message, hint=failure.hint)
        vars(error).update({name: _frozen(value) for name, value in failure.facts.items()})
    else:
        error = KeepfitError(
            f"training {model} failed: {failure.message}",
            hint="run it again with --debug, which shows where",
        )
    error.add_note(f"In the training process:\n{failure.trace}")
    return error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _nearest(kind: type[BaseException]) -> str:
    """The first class in the error's ancestry that the other side knows for certain."""
    return next(c.__name__ for c in kind.__mro__ if c.__module__ == errors.__name__)


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, str | int | float)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
