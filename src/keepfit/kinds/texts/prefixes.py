"""Answers at a prefix of the labels: what all labels that begin alike have together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from keepfit.errors import UserError
from keepfit.records.base import Label

if TYPE_CHECKING:
    from keepfit.kinds.base import Prediction


class Prefixes:
    """The beginnings of sorted labels of text; a shorter label is one of its own."""

    def __init__(self, classes: Sequence[Label], length: int) -> None:
        """UserError where labels are no text."""
        for label in classes:
            if not isinstance(label, str):
                raise UserError(
                    f"the first {length} characters of a label are asked for, and labels are no "
                    f"text: {label!r}",
                    hint="for prefixes, say that the target is text in data.types, and train anew",
                )
        starts = [str(label)[:length] for label in classes]
        bounds = [
            place for place, one in enumerate(starts) if not place or one != starts[place - 1]
        ]
        self.length = length
        self.classes = tuple(starts[place] for place in bounds)
        self._runs = [*pairwise([*bounds, len(starts)])]

    @property
    def places(self) -> list[int]:
        """Which of the prefixes each label has."""
        return [place for place, (first, end) in enumerate(self._runs) for _ in range(first, end)]

    def chances(self, of_labels: Sequence[float]) -> list[float]:
        """What the labels of each prefix have together, added up in their order."""
        together = []
        for first, end in self._runs:
            total = 0.0
            for chance in of_labels[first:end]:
                total += chance
            together.append(total)
        return together

    def of(self, said: Prediction) -> Prediction:
        """The likeliest prefixes, and how likely each is: bit for bit as `chances`."""
        import numpy as np
        import polars as pl

        from keepfit.kinds.base import Prediction

        cut = said.values.str.head(self.length)
        if said.probabilities is None:
            return Prediction(cut, None, self.classes)
        together = np.zeros((len(self.classes), len(said.values)))
        of_labels = np.ascontiguousarray(said.probabilities.T)
        for place, (first, end) in enumerate(self._runs):
            for label in range(first, end):
                together[place] += of_labels[label]
        best = pl.Series(said.values.name, self.classes).gather(together.argmax(axis=0))
        best = best.zip_with(cut.is_not_null(), cut)  # of nothing, nothing
        return Prediction(best, np.ascontiguousarray(together.T), self.classes)
