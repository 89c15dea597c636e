"""What is said of texts: labels at once, probabilities when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from keepfit.kinds.base import Prediction
from keepfit.kinds.encode import Floats
from keepfit.kinds.texts.file import Parts
from keepfit.kinds.texts.grams import Places, Texts
from keepfit.kinds.texts.network import likeliest, shares
from keepfit.kinds.texts.reading import Reader
from keepfit.kinds.texts.sums import Singles
from keepfit.records.base import Label

_FEW = 100  # texts
_TOGETHER = 1024  # texts: what is made of them on the way stays small, whatever their number


Given = TypeVar("Given")
Made = TypeVar("Made")


class LabelsFirst(Prediction):
    """Labels, whose probabilities are reckoned the first time that they are looked at: with many
    labels they are most of the work, and most of the memory."""

    def __init__(
        self, values: pl.Series, classes: tuple[Label, ...], chances: Callable[[], np.ndarray]
    ) -> None:
        for name, value in {"values": values, "classes": classes, "_chances": chances}.items():
            object.__setattr__(self, name, value)

    quantiles = None
    levels = ()
    answered = None

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(rows, classes)."""
        made: np.ndarray = self._chances()  # type: ignore[attr-defined]
        return made

    def without(self, silent: pl.Series) -> Prediction:
        """The same, but nothing of the rows where `silent` is true."""

        def chances() -> np.ndarray:
            return np.where(silent.to_numpy()[:, None], np.nan, self.probabilities)

        return LabelsFirst(Prediction(self.values).without(silent).values, self.classes, chances)

    def answering(self, answered: np.ndarray) -> Prediction:
        """The same, knowing which of the rows it would have answered unless it had to."""
        same = LabelsFirst(self.values, self.classes, lambda: self.probabilities)
        object.__setattr__(same, "answered", answered)
        return same


@dataclass(frozen=True, slots=True)
class Some:
    """Some texts behind the hidden layer."""

    parts: Parts
    hidden: Singles
    empty: npt.NDArray[np.bool_]  # of which nothing counts
    sure: tuple[Places, Places]  # which training has seen, and the labels that they had there

    @classmethod
    def of(cls, parts: Parts, texts: Texts) -> Some:
        """These texts, as the model reads them."""
        reading = Reader(parts.vocabulary, parts.encoder).read(texts)
        nothing = np.zeros(0, np.int64)
        sure = parts.exact.answers(texts, parts.header.grams) if parts.exact else (nothing, nothing)
        return cls(parts, parts.network.hidden(reading), reading.empty, sure)

    def best(self) -> Places:
        """The place of the likeliest label of each."""
        header, scores = self.parts.header, self.parts.network.scores(self.hidden)
        found = (likeliest(some, header.temperature) for some in scores)
        best = np.concatenate([np.zeros(0, np.int64), *found])
        best[self.empty] = np.argmax(header.shares)
        rows, labels = self.sure
        best[rows] = labels
        return best

    def chances(self, chances: Floats) -> None:
        """Write how likely each label of each is."""
        header, first = self.parts.header, 0
        for scores in self.parts.network.scores(self.hidden):
            mine = chances[first : first + len(scores)]
            shares(np.divide(scores, np.float64(header.temperature), out=mine))
            first += len(scores)
        chances[self.empty] = header.shares
        rows, labels = self.sure
        chances[rows] = 0.0
        chances[rows, labels] = 1.0


def answers(parts: Parts, texts: Texts, labels: pl.Series) -> Prediction:
    """What the model says of each text."""
    classes = parts.header.classes
    heard = side_by_side(lambda some: Some.of(parts, some), [*_chunks(texts)])

    def chances() -> np.ndarray:
        made = np.empty((len(texts), len(classes)))
        ends = np.cumsum([len(some.hidden) for some in heard])
        pieces = np.split(made, ends[:-1])
        side_by_side(lambda pair: pair[0].chances(pair[1]), [*zip(heard, pieces, strict=True)])
        return made

    if len(texts) > _FEW:
        best = side_by_side(Some.best, heard)
        return LabelsFirst(labels.gather(np.concatenate(best)), classes, chances)
    made = chances()  # nothing is won by waiting
    named = [classes[place] for place in made.argmax(axis=1)]
    return Prediction(pl.Series(labels.name, named, labels.dtype), made, classes)


def side_by_side(work: Callable[[Given], Made], things: Sequence[Given]) -> list[Made]:
    """What comes of each, by as many threads as polars has: numpy reckons without the lock of
    Python, and each text has the same bits whoever reckons it."""
    threads = min(pl.thread_pool_size(), len(things))
    if threads < 2:
        return [*map(work, things)]
    with ThreadPoolExecutor(threads) as pool:
        return [*pool.map(work, things)]


def _chunks(texts: Texts) -> Iterator[Texts]:
    for first in range(0, max(len(texts), 1), _TOGETHER):
        yield texts[first : first + _TOGETHER]
