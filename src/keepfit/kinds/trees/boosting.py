"""What the kinds of gradient boosting share: a library learns from codes and numbers with holes,
and is asked for scores. Whatever else a kind promises is kept here, once for all libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
import polars as pl

from keepfit.digest import Digest, canonical, sha256
from keepfit.errors import Corrupt, DataRefused
from keepfit.kinds.base import Fitted, Lesson, Params, Prediction
from keepfit.kinds.encode import Floats, learn
from keepfit.kinds.encoding import Encoding
from keepfit.kinds.header import MODEL, read_header
from keepfit.kinds.labels import class_weights, classes_of, codes_among, validation_of
from keepfit.kinds.scores import prediction_of
from keepfit.kinds.target import target_of
from keepfit.kinds.trees.params import Boosting
from keepfit.kinds.trees.table import Table, known_missing, table_of
from keepfit.records.base import Label, Record


class Header(Record, frozen=True, kw_only=True):
    """What is kept of the model beside its trees."""

    format: Literal[1]
    kind: str
    encoding: Encoding
    missing: tuple[str, ...]  # numbers of which a missing one is a value of its own
    loss: str
    classes: tuple[Label, ...]  # sorted; empty for a regression
    trees: Digest  # of the library's own file

    @property
    def outputs(self) -> int:
        """How many scores a row gets."""
        return len(self.classes) if len(self.classes) > 2 else 1


@dataclass(frozen=True, slots=True)
class Rows:
    """What a library sees of some rows."""

    table: Table
    target: np.ndarray  # numbers, or the places of the labels
    weight: Floats | None  # how much each row counts; None: all the same


@dataclass(frozen=True, slots=True)
class Reader:
    """How rows become what a library sees."""

    encoding: Encoding
    missing: tuple[str, ...]
    weights: Floats | None  # of the rows of each class; None: all the same

    def rows(self, rows: pl.DataFrame, target: np.ndarray) -> Rows:
        """`rows` with their target, as numbers."""
        weight = None if self.weights is None else self.weights[target]
        return Rows(table_of(self.encoding, self.missing, rows), target, weight)


@dataclass(frozen=True, slots=True)
class Course:
    """A lesson as a library takes it."""

    train: Rows
    validation: Rows | None  # for early stopping
    classes: int  # 0 for a regression
    seed: int
    threads: int
    base: bytes | None = None  # of the trees that grow on; None: the first ones


class Trees(Protocol):
    """A library's fitted model."""

    # (outputs, rows): values of a regression; of two classes the log odds of the second; of more
    # a score each. A row alone gets the same bits as among many.
    def scores(self, table: Table) -> Floats: ...

    # a feature each, as the table names them: the mean over the rows of the absolute SHAP values,
    # added up over the outputs; None where the library has none
    def shap(self, table: Table) -> Floats | None: ...

    # how many there are
    @property
    def count(self) -> int: ...


class Library(Protocol):
    """Who grows the trees."""

    # the name of its file
    @property
    def file(self) -> str: ...

    # levels of a category that it can take, or None
    def most_levels(self, params: Any) -> int | None: ...

    # why it cannot let grown trees grow on, in words; None: it can
    @property
    def no_update(self) -> str | None: ...

    # canonical bytes, data only; UserError with what it says of params or rows
    def fit(self, course: Course, params: Any) -> bytes: ...

    # from bytes that `fit` made
    def read(self, stored: bytes, header: Header) -> Trees: ...


@dataclass(frozen=True, slots=True)
class Boosted:
    """Trees that have grown; it keeps the protocol `Fitted`."""

    header: Header
    file: str
    stored: bytes = field(repr=False)  # kept: libraries write what they read in another order
    trees: Trees

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels it knows, sorted; empty for a regression."""
        return self.header.classes

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """One answer a row; UserError or UnknownName for a column that it cannot read."""
        table = table_of(self.header.encoding, self.header.missing, rows)
        if not rows.height:  # which libraries refuse to look at
            return prediction_of(np.zeros((self.header.outputs, 0)), self.classes)
        return prediction_of(self.trees.scores(table), self.classes)

    def shap(self, rows: pl.DataFrame) -> dict[str, float] | None:
        """How far each feature moves the scores of `rows`, on average; None for no such values."""
        table = table_of(self.header.encoding, self.header.missing, rows)
        values = self.trees.shap(table) if rows.height else None
        return None if values is None else dict(zip(table.names, values.tolist(), strict=True))

    def expression(self) -> None:
        """There is none."""

    def save(self) -> dict[str, bytes]:
        """`model.json` with encoding and classes, and the library's own file."""
        return {MODEL: canonical(self.header), self.file: self.stored}

    def describe(self) -> dict[str, Any]:
        """The kind, what it made least, how many trees it took, and the encoding."""
        return {
            "kind": self.header.kind,
            "loss": self.header.loss,
            "trees": self.trees.count,
            "encoding": msgspec.to_builtins(self.header.encoding),
            "missing": list(self.header.missing),
        }


@dataclass(frozen=True, slots=True)
class BoostingKind:
    """A library and a task; it keeps the protocol `Kind`."""

    name: str
    params: type[Boosting]
    library: Callable[[str], Library]  # NotInstalled for the kind of that name

    def task(self, params: Params) -> str:  # noqa: ARG002 (the protocol's; estimators need it)
        """`regression` or `classification`."""
        return "classification" if self.name.endswith("-classifier") else "regression"

    def no_update(self, params: Params) -> str | None:  # noqa: ARG002 (the protocol's)
        """Why its trees cannot grow on; None where they can."""
        return self.library(self.name).no_update

    def fit(
        self, lesson: Lesson, params: Params, *, seed: int, threads: int, warm: Fitted | None = None
    ) -> Boosted:
        """The trees that the training rows teach, as many as the validation rows bear out.

        On those of `warm` they grow on, reading rows as these do: a level that is new to them stays
        an unknown one.
        """
        library, wanted = self.library(self.name), self.params.model_validate(params)
        before = warm if isinstance(warm, Boosted) else None
        if self.task(params) == "regression":
            classes: tuple[Label, ...] = ()
            target: np.ndarray = target_of(lesson)
        elif before:
            classes, target = before.classes, codes_among(lesson, before.classes)
        else:
            classes, target = classes_of(lesson)
        _check_sign(target, wanted.goal)
        encoding, missing = _reading(library, wanted, lesson, before)
        reader = Reader(
            encoding=encoding,
            missing=missing,
            weights=class_weights(target, len(classes)) if wanted.weights == "balanced" else None,
        )
        judges = validation_of(lesson, classes)
        course = Course(
            train=reader.rows(lesson.train, target),
            validation=reader.rows(*judges) if judges else None,
            classes=len(classes),
            seed=seed,
            threads=threads,
            base=before.stored if before else None,
        )
        stored = library.fit(course, wanted)
        header = Header(
            format=1,
            kind=self.name,
            encoding=encoding,
            missing=reader.missing,
            loss=wanted.goal,
            classes=classes,
            trees=sha256(stored),
        )
        # What is judged is what was written, not what was in memory before.
        return Boosted(header, library.file, stored, library.read(stored, header))

    def load(self, files: Mapping[str, bytes]) -> Boosted:
        """The model that was saved; Corrupt if these are not its files."""
        header = read_header(self.name, files, Header)
        library = self.library(self.name)
        stored = files.get(library.file)
        # Before any of it is read: on other bytes than its own, LightGBM's reader ends the process.
        if stored is None or sha256(stored) != header.trees:
            what = "missing" if stored is None else f"not the one that {MODEL} names"
            raise Corrupt(f"{library.file}: this is no model of kind `{self.name}`: it is {what}")
        return Boosted(header, library.file, stored, library.read(stored, header))


def _reading(
    library: Library, wanted: Boosting, lesson: Lesson, before: Boosted | None
) -> tuple[Encoding, tuple[str, ...]]:
    """How rows are read, and the numbers of which a missing one is a value of its own."""
    if before:
        return before.header.encoding, before.header.missing
    most = library.most_levels(wanted)
    encoding = learn(lesson.train, lesson.features, lesson.encode, most=most)
    return encoding, known_missing(encoding, lesson.train)


def _check_sign(target: np.ndarray, loss: str) -> None:
    """DataRefused for counts below zero, of which CatBoost would make what it can."""
    few = {"poisson": target < 0, "gamma": target <= 0}.get(loss)
    if few is not None and few.any():
        wanted = "no numbers below 0" if loss == "poisson" else "numbers above 0"
        raise DataRefused(
            f'the target has {few.sum():,} others among the rows; loss = "{loss}" expects {wanted}',
            hint="remove them with a `clean` rule, or choose another loss",
        )
