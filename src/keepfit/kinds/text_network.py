"""From a bag of n-grams to a score a label, through a small hidden layer.

As fastText (Joulin and others, 2017); labels with a common prefix share a part of their vectors.
Trained by AdaGrad (Duchi and others, 2011) with one step size a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from keepfit.kinds.text_bags import Bags, Singles
from keepfit.kinds.text_grams import Places
from keepfit.kinds.text_params import TextClassifier

_TOGETHER = 16  # texts that are scored at once
_SMALL = 0.05  # how long the vectors of n-grams are beside those of labels, before any step


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts with the places of their labels."""

    bags: Bags
    labels: Places


@dataclass(frozen=True, slots=True)
class Network:
    """What has been learned."""

    grams: Singles  # (n-grams, hidden)
    labels: Singles  # (hidden, labels)

    def scores(self, bags: Bags) -> Iterator[Singles]:
        """(texts, labels), some texts after the other.

        Always as many at once, whatever stands behind the last: how a matrix product adds up
        depends on how many rows there are.
        """
        some = np.zeros((_TOGETHER, len(self.labels)), np.float32)
        for first in range(0, len(bags), _TOGETHER):
            mine = bags.part(first, min(first + _TOGETHER, len(bags)))
            some[: len(mine)] = mine.sums(self.grams)
            yield (some @ self.labels)[: len(mine)]


class Course:
    """A network while it learns."""

    def __init__(
        self,
        grams: int,
        runs: Sequence[Places],
        params: TextClassifier,
        random: np.random.Generator,
    ) -> None:
        """`runs`: for each level, which of its prefixes each label has, ascending."""
        self._runs, self._params, self._random = runs, params, random
        width = params.hidden
        deviation = 1 / np.sqrt(width)
        self._grams = self._vectors(grams, _SMALL * deviation)
        self._levels = [self._vectors(int(run[-1]) + 1, deviation) for run in runs]
        self._gram_squares = np.zeros((grams, 1), np.float32)
        self._level_squares = [np.zeros((len(each), 1), np.float32) for each in self._levels]

    def network(self) -> Network:
        """What it knows by now."""
        return Network(self._grams.copy(), np.ascontiguousarray(self._labels().T))

    def epoch(self, examples: Examples, rate: float) -> None:
        """Every example once, in an order by chance."""
        order, size = self._random.permutation(len(examples.bags)), self._params.batch_size
        for first in range(0, order.size, size):
            batch = order[first : first + size]
            self._step(self._thinned(examples.bags.of(batch)), examples.labels[batch], rate)

    def _step(self, bags: Bags, truth: Places, rate: float) -> None:
        hidden, labels = bags.sums(self._grams), self._labels()
        errors = shares(hidden @ labels.T)
        errors[np.arange(truth.size), truth] -= 1
        of_labels = errors.T @ hidden
        touched, slopes = _slopes(bags, errors @ labels)
        self._grams[touched] -= _steps(slopes, self._gram_squares, touched, rate)
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

    def _thinned(self, bags: Bags) -> Bags:
        """Without a share of the n-grams, the others weighing the more."""
        keep = 1 - self._params.dropout
        stay = self._random.random(bags.grams.size) < keep
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(stay)])[bags.starts]
        return Bags(starts, bags.grams[stay], bags.weights[stay] / np.float32(keep))


def shares(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Softmax of each row, as exact as the scores are."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    parts: npt.NDArray[Any] = raised / raised.sum(axis=1, keepdims=True)
    return parts


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
