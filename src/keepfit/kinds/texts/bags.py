"""Texts as weighted n-grams that training has seen: term frequency times inverse document
frequency (Salton and Buckley, 1988), with scikit-learn's smoothing and sublinear counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keepfit.kinds.texts.directory import Directory
from keepfit.kinds.texts.grams import WORDS, Counts, Grams, Marks, Places, Texts, count
from keepfit.kinds.texts.sums import Singles, weighted_sums


@dataclass(frozen=True, slots=True)
class Bags:
    """A bag of n-grams for each of some texts."""

    starts: Places  # (texts + 1,): where each bag begins
    grams: Places  # places in the vocabulary, bag by bag
    weights: Singles

    def __len__(self) -> int:
        return self.starts.size - 1

    def of(self, texts: Places) -> Bags:
        """The bags of these texts, in their order."""
        sizes = self.starts[texts + 1] - self.starts[texts]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        within = np.arange(starts[-1]) + np.repeat(self.starts[texts] - starts[:-1], sizes)
        return Bags(starts, self.grams[within], self.weights[within])

    def part(self, first: int, end: int) -> Bags:
        """The bags from the first on, before the end."""
        starts = self.starts[first : end + 1]
        within = slice(starts[0], starts[-1])
        return Bags(starts - starts[0], self.grams[within], self.weights[within])

    def sums(self, vectors: Singles) -> Singles:
        """(texts, width): of each bag, the weighted sum of its n-grams' vectors."""
        return weighted_sums(vectors, self.starts, self.grams, self.weights)


@dataclass(frozen=True)
class Vocabulary:
    """The n-grams that count, and how rare each is."""

    grams: Grams
    known: Marks  # ascending
    rarities: Singles

    @cached_property
    def directory(self) -> Directory:
        """Where each of them is."""
        return Directory.of(self.known)

    def bags(self, texts: Texts) -> Bags:
        """The bag of each text; n-grams that do not count are left out."""
        return self.weighed(count(texts, self.grams))

    def weighed(self, counts: Counts) -> Bags:
        """The bag of each text with these counts."""
        places, stay = self.directory.find(counts.gram)
        places, text, times = places[stay], counts.text[stay], counts.times[stay]
        scale = 1 + np.log(np.arange(1, times.max(initial=0) + 1))
        weights = scale[times - 1] * self.rarities[places]
        # each to length 1, n-grams of characters and of words: of words there are fewer
        half = 2 * text + (counts.gram[stay] >= WORDS)
        weights /= np.sqrt(np.bincount(half, weights**2, 2 * counts.texts))[half]
        starts = np.searchsorted(text, np.arange(counts.texts + 1))
        return Bags(starts, places, weights.astype(np.float32))


def learn(texts: Texts, grams: Grams, most: int) -> tuple[Vocabulary, Bags]:
    """The n-grams that most texts have, so many at most, and the bags of the texts."""
    counts = count(texts, grams)
    known, seen = np.unique(counts.gram, return_counts=True)
    if known.size > most:
        stay = np.sort(np.argsort(-seen, kind="stable")[:most])
        known, seen = known[stay], seen[stay]
    rarities = 1 + np.log((1 + counts.texts) / (1 + seen))
    vocabulary = Vocabulary(grams, known, rarities.astype(np.float32))
    return vocabulary, vocabulary.weighed(counts)
