"""All versions of a model: the newest at hand, the others on pages that are read when asked for."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from keepfit.store.log.nouns import VersionState, number_of
from keepfit.store.log.pages import Fetch, Library, Page

Number = tuple[int, int, int]
Spelling = tuple[Number | None, Number | None]  # the lowest that is meant, the first that is not


class VersionPage(Page, frozen=True):
    """A page of versions, by seq; the lowest and the highest number, and how many still count."""

    low: Number
    high: Number
    valid: int  # the others have come back, changed, and stand at hand or on a later page


Rows = dict[str, VersionState]
_decoder = msgspec.json.Decoder(list[VersionState])


def _read(data: bytes) -> Rows:
    return {row.version: row for row in _decoder.decode(data)}


class Versions(Mapping[str, VersionState]):
    """Versions by name, in order of publication. Only a fold changes one, and its own copy."""

    def __init__(
        self,
        recent: Rows | None = None,
        pages: tuple[VersionPage, ...] = (),
        library: Library | None = None,
    ) -> None:
        self.recent = recent if recent is not None else {}
        self.pages = pages  # in the order of their making: a later one holds the newer rows
        self.library = library or Library()

    def copy(self) -> Versions:
        """The same, sharing nothing that a fold could change."""
        return Versions(self.recent.copy(), self.pages, self.library)

    def reading(self, fetch: Fetch) -> Versions:
        """The same, where pages that are not at hand are fetched."""
        return Versions(self.recent, self.pages, self.library.reading(fetch))

    def __getitem__(self, version: str) -> VersionState:
        known = self.recent.get(version)
        return known or self._find(version)[1]

    def __len__(self) -> int:
        return len(self.recent) + sum(page.valid for page in self.pages)

    def __iter__(self) -> Iterator[str]:
        return iter([row.version for row in self.newest_first()][::-1])

    def newest_first(self) -> Iterator[VersionState]:
        """All of them by the time of publication, a page in memory at a time."""
        waiting = [(-row.seq, row.version, row) for row in self.recent.values()]
        heapq.heapify(waiting)
        # Rows that came back may lie on a page with much newer ones, so pages may overlap.
        for place in sorted(range(len(self.pages)), key=lambda p: -self.pages[p].last):
            while waiting and -waiting[0][0] > self.pages[place].last:
                yield heapq.heappop(waiting)[2]
            for row in self.valid(place):
                heapq.heappush(waiting, (-row.seq, row.version, row))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def highest(
        self, wanted: Callable[[VersionState], bool], span: Spelling = (None, None)
    ) -> VersionState | None:
        """The one with the highest number of those `wanted`, which lie all within `span`."""
        return next(iter(self.top(1, wanted, span)), None)

    def top(
        self, count: int, wanted: Callable[[VersionState], bool], span: Spelling = (None, None)
    ) -> list[VersionState]:
        """The same for so many of them, the highest first; as few pages as possible are read."""
        best = _top(count, filter(wanted, self.recent.values()))
        for place in sorted(range(len(self.pages)), key=lambda p: self.pages[p].high, reverse=True):
            page = self.pages[place]
            if not count or (len(best) == count and best[-1].number > page.high):
                break
            if _meets(page, span):
                best = _top(count, [*filter(wanted, self.valid(place)), *best])
        return best

    def put(self, row: VersionState) -> None:
        """Have the version at hand as it is now, whichever page it stood on."""
        if row.version not in self.recent and self.pages:
            self._take_down(row.version)
        self.recent[row.version] = row

    def put_aside(self, rows: Iterable[VersionState]) -> None:
        """Move rows that are at hand to a page of their own."""
        rows = sorted(rows, key=lambda row: row.seq)
        numbers = [row.number for row in rows]
        digest = self.library.write(rows)
        page = VersionPage(
            digest, rows[0].seq, rows[-1].seq, len(rows), min(numbers), max(numbers), len(rows)
        )
        self.pages = (*self.pages, page)
        for row in rows:
            del self.recent[row.version]

    def _find(self, version: str) -> tuple[int, VersionState]:
        number = number_of(version)
        for place in reversed(range(len(self.pages))):
            page = self.pages[place]
            if page.low <= number <= page.high:
                row = self.library.rows(page, _read).get(version)
                if row is not None:
                    return place, row
        raise KeyError(version)

    def _take_down(self, version: str) -> None:
        try:
            place, _ = self._find(version)
        except KeyError:
            return
        page = self.pages[place]
        left = msgspec.structs.replace(page, valid=page.valid - 1)
        self.pages = (
            *self.pages[:place],
            *([left] if left.valid else []),
            *self.pages[place + 1 :],
        )

    def valid(self, place: int) -> list[VersionState]:
        """The versions of page number `place` that did not change since it was written."""
        page = self.pages[place]
        rows = list(self.library.rows(page, _read).values())
        if page.valid == page.rows:
            return rows
        return [row for row in rows if row.version not in self.recent and self._here(row, place)]

    def _here(self, row: VersionState, place: int) -> bool:
        return self._find(row.version)[0] == place


def _top(count: int, rows: Iterable[VersionState]) -> list[VersionState]:
    return heapq.nlargest(count, rows, key=lambda row: row.number)


def _meets(page: VersionPage, span: Spelling) -> bool:
    low, end = span
    return (low is None or page.high >= low) and (end is None or page.low < end)
