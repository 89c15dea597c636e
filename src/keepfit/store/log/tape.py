"""A model's log as far as somebody has read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from keepfit.digest import Digest, sha256
from keepfit.store import keys
from keepfit.store.backends.steps import Get, Steps
from keepfit.store.log.fold import advance
from keepfit.store.log.pages import Wanted, unpack
from keepfit.store.log.reading import decode
from keepfit.store.log.state import State

T = TypeVar("T")

# Records that are remembered for a hint. After fewer, whoever writes makes a checkpoint anyway; who
# only reads, a server for months, need not remember them all.
LONGEST_TAIL = 1000


class Anchor(msgspec.Struct, frozen=True):
    """A record that a checkpoint follows."""

    seq: int
    head: Digest  # of its bytes


class Log(msgspec.Struct, frozen=True):
    """A log up to some record, and the state there."""

    model: str
    state: State = msgspec.field(default_factory=State)
    head: Digest | None = None  # of the last record's bytes
    anchor: Anchor | None = None  # the newest checkpoint that is known
    tail: tuple[bytes, ...] = ()  # the records since, where there is a checkpoint
    sure: bool = True  # every record was read from its own slot, or the last one looked up there

    @property
    def next_key(self) -> str:
        """The slot of the next record."""
        return keys.record(self.model, self.state.next)

    def taking(self, data: bytes) -> Log:
        """This log with the bytes of its next record; Corrupt where they do not follow."""
        return self.taking_all([data])

    def taking_all(self, records: Sequence[bytes]) -> Log:
        """The same with several. Wanted where the rules need a page that is not at hand."""
        state, head = self.state.copy(), self.head
        for data in records:
            key = keys.record(self.model, state.next)
            advance(state, decode(key, data, seq=state.next, prev=head))
            head = sha256(data)
        return self._now(state, head, records)

    def _now(self, state: State, head: Digest | None, records: Sequence[bytes]) -> Log:
        tail = (*self.tail, *records) if self.anchor else ()
        anchor = self.anchor if len(tail) <= LONGEST_TAIL else None
        return msgspec.structs.replace(
            self, state=state, head=head, anchor=anchor, tail=tail if anchor else ()
        )


def taken(log: Log, records: Sequence[bytes]) -> Steps[Log]:
    """The log with its next records, whatever pages the rules want; Corrupt where they differ."""
    return (yield from answered(log, lambda: log.taking_all(records)))


def answered(log: Log, question: Callable[[], T]) -> Steps[T]:
    """The answer to a pure question about the log's state, once the pages it wants are read."""
    library = log.state.versions.library
    while True:
        try:
            answer = question()
        except Wanted as wanted:
            key = keys.page(log.model, wanted.page.last, wanted.page.digest)
            data: bytes | None = yield Get(key)
            library.add(wanted.page, unpack(wanted.page, key, data))
        else:
            library.trim()
            return answer
