"""From what is read of a text to a score a label, through a small hidden layer.

As fastText (Joulin and others, 2017); labels with a common prefix share a part of their vectors.
Trained by AdaGrad (Duchi and others, 2011) with one step size a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from keepfit.kinds.texts.bags import Bags
from keepfit.kinds.texts.grams import Places
from keepfit.kinds.texts.params import TextClassifier
from keepfit.kinds.texts.products import Factor
from keepfit.kinds.texts.reading import Reading
from keepfit.kinds.texts.sums import Singles

_NEAR = 1e-6  # two numbers of 32 bits above it differ by more than exponents of 64 bits round
_SMALL = 0.05  # how long the vectors of n-grams are beside those of labels, before any step


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts with the places of their labels."""

    texts: Reading
    labels: Places


@dataclass(frozen=True)
class Network:
    """What has been learned."""

    grams: Singles  # (n-grams, hidden)
    labels: Singles  # (hidden, labels)
    sentences: Singles  # (numbers of a sentence, hidden)

    def hidden(self, texts: Reading) -> Singles:
        """(texts, hidden)."""
        hidden = texts.bags.sums(self.grams)
        if texts.vectors.size:
            hidden += self._by_sentences.with_all(texts.vectors)
        return hidden

    def scores(self, hidden: Singles) -> Iterator[Singles]:
        """(texts, labels), some texts after the other, in room that the next ones take again."""
        return self._by_labels.with_each(hidden)

    @cached_property
    def _by_labels(self) -> Factor:
        return Factor.of(self.labels)

    @cached_property
    def _by_sentences(self) -> Factor:
        return Factor.of(self.sentences)


class Course:
    """A network while it learns."""

    def __init__(
        self,
        texts: Reading,
        runs: Sequence[Places],
        params: TextClassifier,
        random: np.random.Generator,
    ) -> None:
        """`texts`: some with all that counts; `runs`: for each level, which of its prefixes each
        label has, ascending."""
        self._runs, self._params, self._random = runs, params, random
        width = params.hidden
        deviation = 1 / np.sqrt(width)
        grams = int(texts.bags.grams.max(initial=-1)) + 1
        self._grams = self._vectors(grams, _SMALL * deviation)
        self._levels = [self._vectors(int(run[-1]) + 1, deviation) for run in runs]
        self._sentences = self._vectors(texts.vectors.shape[1], _SMALL * deviation)
        self._gram_squares = np.zeros((grams, 1), np.float32)
        self._level_squares = [np.zeros((len(each), 1), np.float32) for each in self._levels]
        self._sentence_squares = np.zeros((len(self._sentences), 1), np.float32)

    def network(self) -> Network:
        """What it knows by now."""
        labels = np.ascontiguousarray(self._labels().T)
        return Network(self._grams.copy(), labels, self._sentences.copy())

    def epoch(self, examples: Examples, rate: float) -> None:
        """Every example once, in an order by chance."""
        order, size = self._random.permutation(len(examples.texts)), self._params.batch_size
        for first in range(0, order.size, size):
            batch = order[first : first + size]
            self._step(self._thinned(examples.texts.of(batch)), examples.labels[batch], rate)

    def _step(self, texts: Reading, truth: Places, rate: float) -> None:
        hidden, labels = texts.bags.sums(self._grams), self._labels()
        if texts.vectors.size:
            hidden += texts.vectors @ self._sentences
        errors = shares(hidden @ labels.T)
        errors[np.arange(truth.size), truth] -= 1
        of_labels, of_hidden = errors.T @ hidden, errors @ labels
        touched, slopes = _slopes(texts.bags, of_hidden)
        self._grams[touched] -= _steps(slopes, self._gram_squares, touched, rate)
        if texts.vectors.size:
            slopes, every = texts.vectors.T @ of_hidden, np.arange(len(self._sentences))
            self._sentences -= _steps(slopes, self._sentence_squares, every, rate)
        for level, squares, run in zip(self._levels, self._level_squares, self._runs, strict=True):
            starts = np.flatnonzero(np.diff(run, prepend=-1))
            every = np.arange(len(level))
            steps = _steps(_sums(of_labels, starts), squares, every, rate)
            np.subtract(level, steps, out=level)

    def _labels(self) -> Singles:
        """(labels, hidden): the sum of the vectors of each label's prefixes."""
        vectors = np.zeros((self._runs[0].size, self._params.hidden), np.float32)
        for level, run in zip(self._levels, self._runs, strict=True):
            vectors += level[run]
        return vectors

    def _vectors(self, many: int, deviation: float) -> Singles:
        vectors = self._random.standard_normal((many, self._params.hidden), np.float32)
        return vectors * np.float32(deviation)

    def _thinned(self, texts: Reading) -> Reading:
        """Without a share of the n-grams and of the vectors' numbers, the others weighing the
        more."""
        bags, keep = texts.bags, 1 - self._params.dropout
        stay = self._random.random(bags.grams.size) < keep
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(stay)])[bags.starts]
        thinner = Bags(starts, bags.grams[stay], bags.weights[stay] / np.float32(keep))
        stays = self._random.random(texts.vectors.shape) < keep
        return Reading(thinner, texts.vectors * stays / np.float32(keep))


def shares(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Softmax of each row, as exact as the scores are, whose room it takes."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def likeliest(scores: Singles, temperature: float) -> Places:
    """Of each row, the place of the largest of its shares at that temperature.

    That is the place of the largest score, unless scores are so near to 0, or so far from it, that
    their exponents cannot be told apart.
    """
    best: Places = scores.argmax(axis=1)
    top = np.abs(scores[np.arange(len(scores)), best])
    if not np.all((top > _NEAR) & (top < np.inf)):
        best = shares(scores / np.float64(temperature)).argmax(axis=1)
    return best


def _slopes(bags: Bags, errors: Singles) -> tuple[Places, Singles]:
    """Which n-grams there are, and the slope of the loss for the vector of each."""
    text = np.repeat(np.arange(len(bags)), np.diff(bags.starts))
    order = np.argsort(bags.grams, kind="stable")
    grams = bags.grams[order]
    starts = np.flatnonzero(np.diff(grams, prepend=-1))
    terms = errors[text[order]] * bags.weights[order][:, None]
    return grams[starts], _sums(terms, starts)


def _sums(rows: Singles, starts: Places) -> Singles:
    """The sum of each stretch of rows. Most are of one row, of which reduceat would take long."""
    sizes = np.diff(starts, append=len(rows))
    sums, longer = rows[starts], sizes > 1
    if longer.any():
        begins = np.cumsum(sizes[longer]) - sizes[longer]
        sums[longer] = np.add.reduceat(rows[np.repeat(longer, sizes)], begins, axis=0)
    return sums


def _steps(slopes: Singles, squares: Singles, places: Places, rate: float) -> Singles:
    """How far each vector goes, now that it had these slopes as well."""
    squares[places] += np.mean(slopes**2, axis=1, keepdims=True)
    steps: Singles = np.float32(rate) * slopes / np.sqrt(squares[places] + np.float32(1e-8))
    return steps
