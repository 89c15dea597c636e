"""Pages: rows that the fold has put aside, a thousand an object, named by digest, never changed.

A model's state names its pages and holds none, so it stays small however long the log grows. All
of a page is told by the log too: who loses one folds it again.
"""

from __future__ import annotations

import gzip
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from keepfit.digest import Digest, canonical, sha256
from keepfit.errors import Corrupt
from keepfit.store.log import events
from keepfit.store.log.nouns import Row

R = TypeVar("R")

ROWS = 1000  # of a page
_IN_MEMORY = 6  # decoded pages, of about a megabyte each
_DAMAGES = (OSError, EOFError, zlib.error)


class Page(Row, frozen=True):
    """Where rows lie: seqs of the records that made the oldest and the newest, and how many."""

    digest: Digest  # of their canonical JSON
    first: int
    last: int
    rows: int


class PageLost(Corrupt):
    """A page is not in the store as it was written."""


Fetch = Callable[[Page], bytes]  # a page's bytes as the store has them; Corrupt where it has not


class Wanted(Exception):
    """A question needs a page that nobody has read yet: the log's operations get it, and go on."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.digest)
        self.page = page


class Library(msgspec.Struct, frozen=True, eq=False):
    """Pages at hand: those that are not in the store yet, and those read last."""

    fetch: Fetch | None = None
    unsaved: dict[Digest, bytes] = {}  # as objects
    added: dict[Digest, bytes] = {}  # as JSON
    recent: OrderedDict[Digest, Any] = msgspec.field(default_factory=OrderedDict)  # as rows

    def reading(self, fetch: Fetch) -> Library:
        """The same library, for callers who want what is missing to be fetched."""
        return msgspec.structs.replace(self, fetch=fetch)

    def write(self, rows: Sequence[Row] | Sequence[events.Promote]) -> Digest:
        """Put rows aside; the digest that finds them again."""
        data = canonical(rows)
        digest = sha256(data)
        self.unsaved[digest] = pack(data)
        return digest

    def add(self, page: Page, data: bytes) -> None:
        """Have a page's JSON at hand, which somebody wanted."""
        self.added[page.digest] = data

    def rows(self, page: Page, read: Callable[[bytes], R]) -> R:
        """The page's rows as `read` makes them; Wanted if not at hand and nobody may fetch them."""
        if page.digest not in self.recent:
            self.recent[page.digest] = read(self._data(page))
            if self.fetch:
                self.trim()
        self.recent.move_to_end(page.digest)
        known: R = self.recent[page.digest]
        return known

    def trim(self) -> None:
        """Forget what was not read for long; never in the midst of a record that needs several."""
        while len(self.recent) > _IN_MEMORY:
            self.recent.popitem(last=False)

    def _data(self, page: Page) -> bytes:
        if page.digest in self.added:
            return self.added.pop(page.digest)
        if page.digest in self.unsaved:
            return gzip.decompress(self.unsaved[page.digest])
        if self.fetch is None:
            raise Wanted(page)
        return self.fetch(page)


def pack(data: bytes) -> bytes:
    """The same bytes, smaller; always the same for the same."""
    # Half of it are digests, which no level makes smaller: 6 takes three times as long for a tenth.
    return gzip.compress(data, compresslevel=1, mtime=0)


def unpack(page: Page, key: str, data: bytes | None) -> bytes:
    """The JSON of a page from the bytes of object `key`; Corrupt where it is another's, or gone."""
    if data is None:
        raise _lost(key, "it is gone")
    try:
        found = gzip.decompress(data)
    except _DAMAGES as error:
        raise _lost(key, str(error)) from error
    if sha256(found) != page.digest:
        raise _lost(key, f"expected rows with digest {page.digest}, found {sha256(found)}")
    return found


def _lost(key: str, why: str) -> PageLost:
    return PageLost(
        f"the page {key} cannot be read: {why}",
        hint="nothing is lost, the log tells all of it; make the page again: keepfit doctor",
    )
