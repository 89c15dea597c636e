"""Texts as counts of hashed n-grams: all texts at once, as one array of characters.

A stretch of characters is hashed by a polynomial modulo 2^64 (Karp and Rabin, 1987), which follows
for every stretch from one running sum, and is spread by the finalizer of MurmurHash3 (Appleby,
public domain). Its first 31 bits stand for the n-gram.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from keepfit.records.base import Record

Texts = Sequence[str | None]
Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Marks = npt.NDArray[np.uint32]

_SPACE, _END = " ", "\0"  # between words; before and behind each text
_GAP = re.compile(rf"[^\w{_END}]+")
_BASE = 0x9E3779B97F4A7C15  # odd: it has an inverse modulo 2^64
_INVERSE = pow(_BASE, -1, 2**64)
_CHUNK = 1 << 16  # characters at a time, or one text: what is made of them stays in the cache
WORDS = 1 << 31  # n-grams of characters have numbers below it, those of words above
_WORD = np.uint64(WORDS)
_BITS = np.uint64(32)
_NONE = np.zeros(0, np.uint64)


class Grams(Record, frozen=True, kw_only=True):
    """Which n-grams of a text count."""

    words: int  # in a row, at most; 0: none
    characters: tuple[int, ...]  # inside of a word and its two spaces, from and to; or none
    lowercase: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How often which n-gram occurs in which text, in the order of texts, then n-grams."""

    texts: int
    text: Ints
    gram: Marks
    times: Ints


def count(texts: Texts, grams: Grams) -> Counts:
    """The n-grams of each text; none of a missing one."""
    parts = [_counted(first, some, grams) for first, some in _chunks(texts)]
    if not parts:
        parts = [_counted(0, [""], grams)]
    return Counts(len(texts), *map(np.concatenate, zip(*parts, strict=True)))


def words_of(texts: Texts, grams: Grams) -> Iterator[str]:
    """Each text as its words with one space between them."""
    for text in texts:
        one = _plain([text or ""], lowercase=grams.lowercase)
        yield one.strip(_SPACE + _END)


def _chunks(texts: Texts) -> Iterator[tuple[int, list[str]]]:
    """Some texts after another, each time with the number of the first."""
    some: list[str] = []
    size = first = 0
    for place, text in enumerate(texts):
        if some and size + len(text or "") > _CHUNK:
            yield first, some
            some, size, first = [], 0, place
        some.append(text or "")
        size += len(some[-1])
    if some:
        yield first, some


def _counted(first: int, texts: list[str], grams: Grams) -> tuple[Ints, Marks, Ints]:
    """Of some texts, that of the number `first` and those behind it."""
    stretches = _Stretches(_plain(texts, lowercase=grams.lowercase))
    pairs = np.concatenate([_NONE, *stretches.of_words(grams.words)])
    if grams.characters:
        lengths = range(grams.characters[0], grams.characters[-1] + 1)
        pairs = np.concatenate([pairs, *map(stretches.of_characters, lengths)])
    pairs.sort()
    differs = np.ones(pairs.size + 1, np.bool_)
    np.not_equal(pairs[1:], pairs[:-1], out=differs[1:-1])
    begins = np.flatnonzero(differs)
    times, pairs = begins[1:] - begins[:-1], pairs[begins[:-1]]
    # in half the room: all texts' are kept together
    text = (pairs >> _BITS).astype(np.int32) + np.int32(first)
    return text, pairs.astype(np.uint32), times.astype(np.int32)


def _plain(texts: list[str], *, lowercase: bool) -> str:
    """All texts in a row, words apart by one space, texts by their ends."""
    joined = _END.join(texts)
    if joined.count(_END) >= len(texts):  # some text has one of its own
        joined = _END.join(text.replace(_END, _SPACE) for text in texts)
    if lowercase:
        joined = joined.lower()
    joined = normalize("NFC", joined)  # an accent may be a character of its own
    return f"{_END}{_GAP.sub(_SPACE, joined)}{_END}"


class _Stretches:
    """Of the characters of some texts; the end of a text is hashed as a space.

    Each is told by one number: 32 bits for its text, those below for its n-gram.
    """

    def __init__(self, plain: str) -> None:
        letters = np.frombuffer(plain.encode("utf-32-le"), np.uint32).astype(np.uint64)
        ends = letters == ord(_END)
        letters[ends] = ord(_SPACE)
        self._text = (np.cumsum(ends) - 1).astype(np.uint64) << _BITS
        self._space = letters == ord(_SPACE)
        self._spaces = np.cumsum(self._space)
        self._powers = _powers(_BASE, letters.size)
        # up to each place, the sum of letter / BASE^place
        terms = letters * _powers(_INVERSE, letters.size)
        self._sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])

    def of_characters(self, length: int) -> Hashes:
        """Every stretch of that length inside of a word and its spaces."""
        last = self._space.size - length
        if last < 0:
            return _NONE
        if length > 2:  # no space but at its ends
            whole = self._spaces[length - 2 : length - 1 + last] == self._spaces[: last + 1]
        else:
            whole = ~(self._space[: last + 1] & self._space[length - 1 :])
        between = (self._sums[length:] - self._sums[:-length]) * self._powers[length - 1 :]
        found: Hashes = self._text[: last + 1][whole] | _first_bits(_spread(between[whole]))
        return found

    def of_words(self, most: int) -> Iterator[Hashes]:
        """Every word, every two in a row, and so on."""
        edges = np.diff(self._space.astype(np.int8))
        starts, ends = np.flatnonzero(edges == -1) + 1, np.flatnonzero(edges == 1) + 1
        text = self._text[starts]
        single = _spread(self._hashes(starts, ends))
        joined = single
        for more in range(most):
            if more:
                joined = joined[:-1] * np.uint64(_BASE) + single[more:]
            together = text[: joined.size] == text[more:]
            yield text[: joined.size][together] | _first_bits(joined[together]) | _WORD

    def _hashes(self, starts: Places, ends: Places) -> Hashes:
        between = self._sums[ends] - self._sums[starts]
        return _spread(between * self._powers[ends - 1])


def _powers(base: int, many: int) -> Hashes:
    """1, base, base^2 and so on, modulo 2^64."""
    factors = np.full(many, base, np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _spread(hashes: Hashes) -> Hashes:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(factor)
    return hashes ^ (hashes >> np.uint64(33))


def _first_bits(hashes: Hashes) -> Hashes:
    return hashes >> np.uint64(33)
