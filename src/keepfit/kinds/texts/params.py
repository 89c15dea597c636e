"""What the kind of texts takes from `[model.NAME.params]`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from keepfit.kinds.base import Params
from keepfit.kinds.bounds import Rounds, Switch

Length = Annotated[int, Field(strict=True, ge=1, le=100)]
Share = Annotated[float, Field(strict=True, ge=0, lt=1)]
Rate = Annotated[float, Field(strict=True, gt=0, le=10)]


def _inside(folder: str) -> str:
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts or "\\" in folder or str(path) in {"", "."}:
        raise ValueError("is no folder beside keepfit.toml; expected such as models/minilm")
    return str(path)


Folder = Annotated[str, AfterValidator(_inside)]


class TextClassifier(Params):
    """Texts to labels: hashed n-grams, sentence embeddings or both, a small hidden layer, a score
    for each label."""

    words: Annotated[int, Field(strict=True, ge=0, le=5)] = 2
    """n-grams of so many words in a row, at most; 0: none"""
    characters: Annotated[tuple[Length, ...], Field(max_length=2)] = (2, 5)
    """n-grams inside of words, from so many characters to so many; []: none"""
    lowercase: Switch = True
    """whether A is a"""
    embeddings: Folder | None = None
    """a folder with a sentence model, such as models/minilm: its vectors are read as well"""
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
        if not (self.words or self.characters or self.embeddings):
            raise ValueError("has neither words nor characters nor embeddings; expected one")
        if self.characters and self.characters[0] > self.characters[-1]:
            raise ValueError("has characters that end before they begin; expected such as [2, 5]")
        if any(one >= other for one, other in pairwise(self.levels)):
            raise ValueError("has levels out of order; expected such as [2, 4, 6]")
        return self

    @model_serializer(mode="wrap")
    def _as_it_was(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `embeddings` the table is what it was before there were any, or versions of
        then would seem to be of other params."""
        table: dict[str, Any] = plain(self)
        return {
            name: value for name, value in table.items() if (name, value) != ("embeddings", None)
        }
