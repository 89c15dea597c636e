"""Texts to labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from keepfit.errors import UserError
from keepfit.kinds.base import Lesson, Params, Prediction
from keepfit.kinds.encode import column
from keepfit.kinds.labels import classes_of, validation_of
from keepfit.kinds.texts import file
from keepfit.kinds.texts.answers import answers
from keepfit.kinds.texts.embeddings import encoder_at
from keepfit.kinds.texts.exact import learn as learn_answers
from keepfit.kinds.texts.file import Header, Parts
from keepfit.kinds.texts.grams import Grams, Places, Texts
from keepfit.kinds.texts.network import Examples
from keepfit.kinds.texts.params import TextClassifier
from keepfit.kinds.texts.prefixes import Prefixes
from keepfit.kinds.texts.reading import Reader
from keepfit.kinds.texts.reading import learn as learn_to_read
from keepfit.kinds.texts.training import train
from keepfit.records.base import Label


class TextModel:
    """A classifier of texts that has learned; it keeps the protocol `Fitted`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels it knows, sorted."""
        return self.parts.header.classes

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """The likeliest label of each row, and how likely every label is.

        A text of which nothing counts (no n-gram that training saw, no sentence) gets the labels'
        shares among the training rows. UserError or UnknownName for a column that it cannot read.
        """
        return answers(self.parts, texts_of(rows, self.parts.header.columns), self._labels)

    def expression(self) -> None:
        """There is none."""

    def save(self) -> dict[str, bytes]:
        """`model.json`, and an array a file."""
        return file.written(self.parts)

    def describe(self) -> dict[str, Any]:
        """What it reads, how many n-grams and labels it knows, and how sure it was made."""
        header, vocabulary, network, exact, encoder = self.parts
        told = {
            "kind": header.kind,
            "columns": list(header.columns),
            "n-grams": msgspec.to_builtins(header.grams),
            "known n-grams": vocabulary.known.size,
            "hidden": len(network.labels),
            "labels": len(header.classes),
            "temperature": header.temperature,
            "exact texts": len(exact.table) if exact else 0,
        }
        if encoder is None:
            return told
        return told | {
            "embeddings": header.embeddings,
            "numbers of a sentence": encoder.width,
            **encoder.settings._asdict(),
        }

    @cached_property
    def _labels(self) -> pl.Series:
        return pl.Series("prediction", self.classes)


@dataclass(frozen=True, slots=True)
class TextKind:
    """Fits and loads classifiers of texts; it keeps the protocol `Kind`."""

    name: str
    params: type[TextClassifier]
    home: Path | None = None  # the project's folder

    def at(self, home: Path) -> TextKind:
        """The same where the project's folders of sentence models lie in that folder."""
        return replace(self, home=home)

    def task(self, params: Params) -> str:  # noqa: ARG002 (the protocol's; estimators need it)
        """Always classification."""
        return "classification"

    def fit(self, lesson: Lesson, params: Params, *, seed: int, threads: int) -> TextModel:
        """The model that the training rows teach; UserError for features that are no text, levels
        of labels that are none, or a folder without a sentence model, DataRefused for a target of
        one class or texts of none."""
        wanted = self.params.model_validate(params)
        classes, codes = classes_of(lesson)
        grams = Grams(words=wanted.words, characters=wanted.characters, lowercase=wanted.lowercase)
        texts = texts_of(lesson.train, lesson.features)
        encoder = encoder_at(self.home, wanted.embeddings) if wanted.embeddings else None
        reader, reading = learn_to_read(texts, grams, wanted.max_features, encoder, threads)
        network, temperature = train(
            Examples(reading, codes),
            _validation(lesson, classes, reader, threads),
            prefixes(classes, wanted.levels, lesson.target),
            wanted,
            np.random.default_rng(seed),
        )
        header = Header(
            format=1,
            kind=self.name,
            columns=lesson.features,
            grams=grams,
            classes=classes,
            shares=tuple((np.bincount(codes, minlength=len(classes)) / codes.size).tolist()),
            temperature=temperature,
            exact=wanted.exact,
            embeddings=wanted.embeddings,
        )
        exact = learn_answers(texts, codes, grams) if wanted.exact else None
        # What is judged is what was written, not what was in memory before.
        made = Parts(header, reader.vocabulary, network, exact, encoder)
        return self.load(file.written(made))

    def load(self, files: Mapping[str, bytes]) -> TextModel:
        """The model that was saved; Corrupt if these are not its files."""
        return TextModel(file.read(self.name, files))


def texts_of(rows: pl.DataFrame, columns: tuple[str, ...]) -> Texts:
    """The columns of text of each row, one behind the other; UserError for one that is none."""
    parts = [_texts(column(rows, name)) for name in columns]
    if len(parts) == 1:
        return parts[0]
    return [" ".join(part or "" for part in row) for row in zip(*parts, strict=True)]


def _texts(series: pl.Series) -> Texts:
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        raise UserError(
            f"feature `{series.name}` is {series.dtype}; kind `text-classifier` reads text alone",
            hint=f'say so in the file: types = {{ {series.name} = "text" }}, or leave it out',
        )
    return series.to_list()


def prefixes(classes: tuple[Label, ...], levels: tuple[int, ...], target: str) -> list[Places]:
    """For each level, and for the whole label, which of its prefixes each class has, ascending."""
    whole = np.arange(len(classes))
    if not levels:
        return [whole]
    if not isinstance(classes[0], str):
        raise UserError(
            f"params.levels reads prefixes of labels; those of `{target}` are "
            f"{type(classes[0]).__name__}, such as {classes[0]!r}",
            hint=f'say so in the file: types = {{ {target} = "text" }}, or leave out levels',
        )
    runs = [np.array(Prefixes(classes, level).places) for level in levels]
    return runs if levels[-1] >= max(map(len, classes)) else [*runs, whole]  # type: ignore[arg-type]


def _validation(
    lesson: Lesson, classes: tuple[Label, ...], reader: Reader, threads: int
) -> Examples | None:
    """The validation rows of known classes; None for none."""
    if (found := validation_of(lesson, classes)) is None:
        return None
    rows, codes = found
    return Examples(reader.read(texts_of(rows, lesson.features), threads), codes)


TEXT_CLASSIFIER = TextKind("text-classifier", TextClassifier)
