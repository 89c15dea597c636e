"""Texts as weighted n-grams that training has seen: term frequency times inverse document
frequency (Salton and Buckley, 1988), with scikit-learn's smoothing and sublinear counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepfit.kinds.text_grams import WORDS, Counts, Grams, Marks, Places, Texts, count

Singles = npt.NDArray[np.float32]


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
        sums = np.zeros((len(self), vectors.shape[1]), np.float32)
        full = np.flatnonzero(np.diff(self.starts))  # of an empty stretch reduceat takes the next
        if full.size:
            terms = vectors[self.grams]
            terms *= self.weights[:, None]
            sums[full] = np.add.reduceat(terms, self.starts[full], axis=0)
        return sums


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams that count, and how rare each is."""

    grams: Grams
    known: Marks  # ascending
    rarities: Singles

    def bags(self, texts: Texts) -> Bags:
        """The bag of each text; n-grams that do not count are left out."""
        return self.weighed(count(texts, self.grams))

    def weighed(self, counts: Counts) -> Bags:
        """The bag of each text with these counts."""
        places = np.searchsorted(self.known, counts.gram)
        places[places == self.known.size] = 0
        stay = self.known[places] == counts.gram
        places, text, gram = places[stay], counts.text[stay], counts.gram[stay]
        weights = (1 + np.log(counts.times[stay])) * self.rarities[places]
        for mine in (gram < WORDS, gram >= WORDS):  # each to length 1: of words there are fewer
            squares = np.bincount(text[mine], weights[mine] ** 2, counts.texts)
            weights[mine] /= np.sqrt(squares)[text[mine]]
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
