"""What the kind of texts takes from `[model.NAME.params]`."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from keepfit.kinds.base import Params
from keepfit.kinds.params import Rounds, Switch

Length = Annotated[int, Field(strict=True, ge=1, le=100)]
Share = Annotated[float, Field(strict=True, ge=0, lt=1)]
Rate = Annotated[float, Field(strict=True, gt=0, le=10)]


class TextClassifier(Params):
    """Texts to labels: hashed n-grams, a small hidden layer, a score for each label."""

    words: Annotated[int, Field(strict=True, ge=0, le=5)] = 2
    """n-grams of so many words in a row, at most; 0: none"""
    characters: Annotated[tuple[Length, ...], Field(max_length=2)] = (2, 5)
    """n-grams inside of words, from so many characters to so many; []: none"""
    lowercase: Switch = True
    """whether A is a"""
    max_features: Rounds = 100_000
    """n-grams that count, at most: those that most of the training texts have"""
    hidden: Annotated[int, Field(strict=True, ge=1, le=4096)] = 64
    """numbers that stand for a text between its n-grams and its label, in each network"""
    networks: Annotated[int, Field(strict=True, ge=1, le=100)] = 3
    """how many learn, each from a beginning of its own; their scores are averaged"""
    exact: Switch = False
    """whether a text that training has seen gets the label that it had there, without a network"""
    levels: tuple[Length, ...] = ()
    """lengths of prefixes of a label, such as [2, 4, 6]: labels that share one learn together"""
    dropout: Share = 0.3
    """share of a text's n-grams that an epoch does not see"""
    learning_rate: Rate = 0.1
    """of the first epoch; it falls to nothing"""
    batch_size: Rounds = 128
    """texts a step"""
    epochs: Rounds = 4
    """times that every text is seen, at most"""
    patience: Rounds = 3
    """ends after so many epochs that make split.validation no better; without it, never early"""

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if not (self.words or self.characters):
            raise ValueError("has neither words nor characters; expected one of them")
        if self.characters and self.characters[0] > self.characters[-1]:
            raise ValueError("has characters that end before they begin; expected such as [2, 5]")
        if any(one >= other for one, other in pairwise(self.levels)):
            raise ValueError("has levels out of order; expected such as [2, 4, 6]")
        return self
