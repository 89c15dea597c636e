"""Texts that training has seen, and the label that they all had there."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from keepfit.kinds.texts.grams import Grams, Places, Texts, words_of

_UNSEEN = -1


@dataclass(frozen=True, slots=True)
class Exact:
    """A table of texts, by their hashes."""

    table: Places  # (texts, 2): the hash, ascending, and the place of the label

    def answers(self, texts: Texts, grams: Grams) -> tuple[Places, Places]:
        """Which texts are in the table, and the place of the label of each of these."""
        hashes, labels = self.table.T
        asked = _hashes(texts, grams)
        places = np.searchsorted(hashes, asked)
        places[places == hashes.size] = 0
        seen = np.flatnonzero(hashes[places] == asked) if hashes.size else places[:0]
        return seen, labels[places[seen]]


def learn(texts: Texts, labels: Places, grams: Grams) -> Exact:
    """The table of those that had one label alone; texts without a word are left out."""
    hashes = _hashes(texts, grams)
    order = np.lexsort((labels, hashes))
    hashes, labels = hashes[order], labels[order]
    first = np.flatnonzero(np.diff(hashes, prepend=_UNSEEN - 1))
    last = np.append(first[1:], hashes.size) - 1
    alone = (labels[first] == labels[last]) & (hashes[first] != _UNSEEN)
    return Exact(np.stack([hashes[first], labels[first]], axis=1)[alone])


def _hashes(texts: Texts, grams: Grams) -> Places:
    """63 bits of each text as its words; -1 for one without any."""
    return np.array(
        [_hash(words) if words else _UNSEEN for words in words_of(texts, grams)], np.int64
    )


def _hash(words: str) -> int:
    return int.from_bytes(blake2b(words.encode(), digest_size=8).digest()) >> 1
