"""Where to begin to read a log: the hint, and the checkpoint it names.

The hint also repeats the records since that checkpoint, so a reader that comes new needs three
requests: the hint, the checkpoint, and one that finds no further record. Readers believe what
those say who may write to the store; a writer looks the last record up before it relies on it.
What stages hold stands in the hint, too: whoever asks for no more needs no checkpoint.
"""

from __future__ import annotations

import contextlib
from typing import Annotated

import msgspec

from keepfit.digest import Digest, canonical, sha256
from keepfit.errors import StoreError
from keepfit.store import keys
from keepfit.store.backends.steps import Advise, Create, Get, Size, Steps
from keepfit.store.log import checkpoint
from keepfit.store.log.events import Begin, Publish
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.reading import FORMAT
from keepfit.store.log.state import State
from keepfit.store.log.tape import Anchor, Log, taken

EVERY = 100  # records between checkpoints
_LONGEST = 2 * EVERY  # records that a hint repeats: whoever was to make the checkpoint died
_LARGEST = 256 * 1024  # bytes of them
_AT_LEAST = 10  # records of which one leaves a hint, whatever it says
_MORE_TO_COME = (Begin, Publish)  # a run goes on to its verdict


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What a hint says at first sight."""

    format: int = 0  # of the records that it tells of
    seq: Annotated[int, msgspec.Meta(ge=0)]  # of the newest record when this was written
    last: Digest = ""  # of that record
    held: dict[str, VersionState] = {}  # the version in each stage, as that record left it


class Hint(Glance, frozen=True, kw_only=True):
    """Advice: may be stale, absent or wrong."""

    ckpt: int  # of the record that the checkpoint follows
    head: Digest  # of that record
    tail: tuple[msgspec.Raw, ...]  # the records since


# Advice: the log itself tells more, or says what is wrong.
_USELESS = (StoreError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_decoder = msgspec.json.Decoder(Hint)
_glances = msgspec.json.Decoder(Glance)


def glance(model: str) -> Steps[Glance | None]:
    """What the hint says at first sight; None where there is none, or none of this very log."""
    try:
        data: bytes | None = yield Get(keys.hint(model))
        found = _glances.decode(data) if data is not None else None
        if found is None or found.format != FORMAT:
            return None
        last: bytes | None = yield Get(keys.record(model, found.seq))
    except _USELESS:
        return None
    return found if last is not None and sha256(last) == found.last else None


def by_hint(model: str) -> Steps[Log | None]:
    """The log as the hint tells it, or None where it does not, or not truly."""
    try:
        data: bytes | None = yield Get(keys.hint(model))
        if data is None:
            return None
        hint = _decoder.decode(data)
        log = yield from by_checkpoint(model, Anchor(hint.ckpt, hint.head))
        return (yield from taken(log, [bytes(raw) for raw in hint.tail])) if log else None
    except _USELESS:
        return None


def by_checkpoint(model: str, anchor: Anchor) -> Steps[Log | None]:
    """The log up to a checkpoint, or None where that is gone or damaged."""
    data: bytes | None = yield Get(keys.checkpoint(model, anchor.seq, anchor.head))
    found = checkpoint.decode(data, seq=anchor.seq) if data is not None else None
    if found is None or found[1] != anchor.head:
        return None
    return Log(model, found[0], anchor.head, anchor, sure=False)


def leave(log: Log) -> Steps[Log]:
    """The log, after telling others where to begin: best effort, since the log tells it too."""
    since = log.state.next - (log.anchor.seq + 1 if log.anchor else 0)
    due = log.state.next % EVERY == 0 or since >= _LONGEST or sum(map(len, log.tail)) > _LARGEST
    more = isinstance(log.state.entries[-1].event, _MORE_TO_COME)
    if more and not due and log.state.next % _AT_LEAST:
        return log
    with contextlib.suppress(StoreError):
        if due:
            log = yield from save(log)
        yield from _advise(log)
    return log


def save(log: Log) -> Steps[Log]:
    """The log, once a checkpoint of it and all its pages are stored; StoreError if they are not."""
    if log.head is None:
        return log  # there is nothing to tell yet
    library = log.state.versions.library
    for page in checkpoint.pages_of(log.state):
        if page.digest in library.unsaved:
            yield from _put(
                keys.page(log.model, page.last, page.digest), library.unsaved[page.digest]
            )
            library.unsaved.pop(page.digest, None)
    anchor = Anchor(log.state.next - 1, log.head)
    key = keys.checkpoint(log.model, anchor.seq, anchor.head)
    yield from _put(key, checkpoint.encode(log.state, log.head))
    return msgspec.structs.replace(log, anchor=anchor, tail=())


def held(state: State) -> dict[str, VersionState]:
    """The version in each stage; all of them are at hand."""
    return {stage: state.versions[set_by.version] for stage, set_by in state.stages.items()}


def _advise(log: Log) -> Steps[None]:
    if log.anchor:
        hint = Hint(
            format=FORMAT,
            seq=log.state.next - 1,
            last=log.head or "",
            held=held(log.state),
            ckpt=log.anchor.seq,
            head=log.anchor.head,
            tail=tuple(map(msgspec.Raw, log.tail)),
        )
        yield Advise(keys.hint(log.model), canonical(hint))


def _put(key: str, data: bytes) -> Steps[None]:
    """Write an object that has the same bytes whoever writes it; StoreError if it is not there."""
    try:
        yield Create(key, data)
    except StoreError:
        # "Exists" too may be said of a request that wrote nothing: only the place itself tells.
        if (yield Size(key)) is None:
            raise
