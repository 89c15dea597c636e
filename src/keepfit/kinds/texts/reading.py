"""What a network is given of a text: a bag of n-grams, a vector of the whole, or both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepfit.errors import DataRefused
from keepfit.kinds.texts.bags import Bags, Vocabulary
from keepfit.kinds.texts.bags import learn as learn_bags
from keepfit.kinds.texts.embeddings import Encoder
from keepfit.kinds.texts.grams import Grams, Places, Texts
from keepfit.kinds.texts.sums import Singles


@dataclass(frozen=True, slots=True)
class Reading:
    """Some texts as they were read."""

    bags: Bags
    vectors: Singles  # (texts, width); of no width without a sentence model

    def __len__(self) -> int:
        return len(self.bags)

    @property
    def empty(self) -> npt.NDArray[np.bool_]:
        """Of which texts there is nothing that counts."""
        there = np.diff(self.bags.starts).astype(bool)
        there |= np.any(self.vectors, axis=1)
        return ~there

    def of(self, texts: Places) -> Reading:
        """Of these texts, in their order."""
        return Reading(self.bags.of(texts), self.vectors[texts])

    def part(self, first: int, end: int) -> Reading:
        """From the first text on, before the end."""
        return Reading(self.bags.part(first, end), self.vectors[first:end])


@dataclass(frozen=True, slots=True)
class Reader:
    """How texts are read."""

    vocabulary: Vocabulary
    encoder: Encoder | None = None

    def read(self, texts: Texts, threads: int = 1) -> Reading:
        """The texts, each as if it were alone."""
        return Reading(self.vocabulary.bags(texts), _vectors(self.encoder, texts, threads))


def learn(
    texts: Texts, grams: Grams, most: int, encoder: Encoder | None, threads: int
) -> tuple[Reader, Reading]:
    """How to read texts such as these, and these; DataRefused where nothing of them counts."""
    vocabulary, bags = learn_bags(texts, grams, most)
    reading = Reading(bags, _vectors(encoder, texts, threads))
    if reading.empty.all():
        raise DataRefused(
            "the training texts have no words",
            hint="look at features, clean and params.words: do they leave any text?",
        )
    return Reader(vocabulary, encoder), reading


def _vectors(encoder: Encoder | None, texts: Texts, threads: int) -> Singles:
    if encoder is None:
        return np.zeros((len(texts), 0), np.float32)
    return encoder.vectors(texts, threads)
