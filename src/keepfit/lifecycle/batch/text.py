"""Text cut into pieces of whole rows, so that none but the piece at hand is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, Self

import polars as pl

from keepfit.data.files.fetch import options_of
from keepfit.errors import SourceError
from keepfit.lifecycle.batch.inputs import Input

_LONGEST = 1 << 28  # bytes of one row: beyond it, a quote was opened and never closed
_READ = 1 << 20


class Text(Protocol):
    """The bytes of a file from some place on."""

    # the next `size` bytes; fewer only at the end
    def read(self, size: int, /) -> bytes: ...


class Lines:
    """The bytes of a text that polars reads for us: a packed one, or one in a bucket.

    Line ends come out plain.
    """

    def __init__(self, lines: pl.LazyFrame) -> None:
        self._batches = lines.collect_batches(maintain_order=True)
        self._ahead = bytearray()

    def read(self, size: int, /) -> bytes:
        while len(self._ahead) < size and (more := self._next()):
            self._ahead += more
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken

    def skip(self, size: int) -> Self:
        """The same, from `size` bytes later on."""
        while size and (taken := self.read(min(size, _READ))):
            size -= len(taken)
        return self

    def _next(self) -> bytes:
        for batch in self._batches:
            if batch.height:
                return str(batch.to_series().str.join("\n").item()).encode() + b"\n"
        return b""


@contextmanager
def open_text(one: Input, start: int, environ: Mapping[str, str]) -> Iterator[Text]:
    """The text of an input from the byte `start` on, unpacked."""
    if one.path is not None and not one.compression:
        with one.path.open("rb") as file:
            file.seek(start)
            yield file
        return
    options = options_of(one.uri, environ) if one.path is None else None
    lines = pl.scan_lines(one.path or one.uri, glob=False, storage_options=options)
    yield Lines(lines).skip(start)


def cut(text: Text, size: int, *, quoted: bool, place: str) -> Iterator[tuple[bytes, bool]]:
    """Pieces of whole rows, about `size` bytes each, and whether it is the last.

    `quoted`: line ends between double quotes end no row. There is always a piece, if an empty one.
    """
    ahead, rest, ended = None, b"", False
    while not ended:
        more = text.read(size)
        ended = len(more) < size
        block = rest + more
        end = len(block) if ended else _end_of_rows(block, quoted=quoted)
        if not end and len(block) > _LONGEST:
            raise _unclosed(block, place)
        rest = block[end:]
        if not end:
            continue
        if ahead is not None:
            yield ahead, False
        ahead = block[:end]
    yield ahead or b"", True


def header_of(text: Text, *, place: str) -> bytes:
    """The first row of a CSV with its line end."""
    head, quotes = b"", 0
    while more := text.read(_READ):
        start = 0
        while end := more.find(b"\n", start) + 1:
            quotes += more.count(b'"', start, end)
            if quotes % 2 == 0:
                return head + more[:end]
            start = end
        quotes += more.count(b'"', start)
        head += more
        if len(head) > _LONGEST:
            raise _unclosed(head, place)
    return head


def _end_of_rows(block: bytes, *, quoted: bool) -> int:
    """Behind the last row that ends in the block, which begins with one; 0 where none does."""
    end = block.rfind(b"\n") + 1
    if not quoted:
        return end
    # A line end after an even number of quotes is outside of them: doubled ones count twice.
    quotes = block.count(b'"', 0, end)
    while end and quotes % 2:
        before = block.rfind(b"\n", 0, end - 1) + 1
        quotes -= block.count(b'"', before, end)
        end = before
    return end


def _unclosed(block: bytes, place: str) -> SourceError:
    start = bytes(block[:60]).decode("utf-8", "replace").split("\n")[0]
    return SourceError(
        f"{place} cannot be read: a row has no end within {len(block) >> 20} MB: a quote opens and "
        f"is never closed, or a line end is missing; it begins with {start!r}",
        hint="correct that row, or leave it out",
    )
