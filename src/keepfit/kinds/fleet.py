"""A fleet: a small model of one kind for each value of a column, and one for all other values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, cast
from zipfile import BadZipFile

import msgspec
import numpy as np
import polars as pl

from keepfit.config.schema.per import Per
from keepfit.digest import canonical
from keepfit.errors import Corrupt, DataRefused, UserError
from keepfit.kinds import FLEET
from keepfit.kinds.archive import packed, unpacked
from keepfit.kinds.base import Fitted, Kind, Lesson, Params, Prediction, Together
from keepfit.kinds.encode import column
from keepfit.kinds.linear.lines import Lines, lines_of
from keepfit.records.base import Label, Record

HEADER, MEMBERS = FLEET, "members.zip"
_REST = -1  # the place of the model for all other values
_FEW = 100  # rows that are answered without a look at all models


class Member(Record, frozen=True, kw_only=True):
    """A value that has a model of its own."""

    value: str  # of the column, as text
    rows: int  # that its model has learned from


class Header(Record, frozen=True, kw_only=True):
    """What a fleet is made of."""

    format: Literal[1]
    kind: str
    per: str  # the column
    rows: int  # that the model for all other values has learned from: all there were
    members: tuple[Member, ...]  # by value
    classes: tuple[Label, ...] = ()  # that a model of it knows, sorted


class FleetModel:
    """A fleet that has learned; it keeps the protocol `Fitted`."""

    def __init__(self, kind: Kind, header: Header, files: Mapping[str, dict[str, bytes]]) -> None:
        """`files`: those of each model, by the folder that they have in the archive."""
        self.header, self._kind, self._files = header, kind, files
        self._loaded: dict[int, Fitted] = {}

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels that it knows, sorted; empty for a regression."""
        return self.header.classes

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """What the model of each row's value says; of a value that has none, that for all others.

        UserError or UnknownName for a column that it cannot read.
        """
        whose, rest = self._whose(rows), rows.drop(self.header.per)
        if rows.height > _FEW and self._lines is not None:
            return Prediction(self._lines.predict(rest, whose))
        order = np.argsort(whose, kind="stable")
        places, starts = np.unique(whose[order], return_index=True)
        parts = [
            self.model(place).predict(rest[mine])
            for place, mine in zip(
                places.tolist(), np.split(order, starts[1:]) if places.size else [], strict=True
            )
        ]
        back = np.argsort(order, kind="stable")
        if not self.classes:
            said = pl.concat([part.values for part in parts] or [pl.Series(dtype=pl.Float64)])
            return Prediction(said[back].alias("prediction"))
        labels = pl.Series("prediction", self.classes)
        said = pl.concat([part.values.cast(labels.dtype) for part in parts] or [labels.clear()])
        return Prediction(said[back].alias("prediction"), self._chances(parts, back), self.classes)

    @cached_property
    def _lines(self) -> Lines | None:
        """All models as one table, where they are linear in numbers alone."""
        if lines_of([self.model(_REST)]) is None:  # nor are the others, which are not loaded then
            return None
        places = range(_REST, len(self.header.members))
        return lines_of([self.model(place) for place in places])

    def model(self, place: int) -> Fitted:
        """The model of the member at that place."""
        if place not in self._loaded:
            self._loaded[place] = self._kind.load(self._files[_folder(place)])
        return self._loaded[place]

    def expression(self) -> None:
        """There is none."""

    def save(self) -> dict[str, bytes]:
        """`fleet.json`, and one archive with the files of all models."""
        files = {
            f"{folder}/{name}": data
            for folder, mine in self._files.items()
            for name, data in mine.items()
        }
        return {HEADER: canonical(self.header), MEMBERS: packed(files)}

    def describe(self) -> dict[str, Any]:
        """How many models there are, and the one for all other values from the inside."""
        rows = sorted(member.rows for member in self.header.members)
        return {
            "kind": self.header.kind,
            "per": self.header.per,
            "models": len(rows),
            "rows of the smallest, the middle, the largest": (
                [rows[0], rows[len(rows) // 2], rows[-1]] if rows else []
            ),
            "of all other values": self.model(_REST).describe(),
        }

    def _whose(self, rows: pl.DataFrame) -> np.ndarray:
        values = pl.Series([member.value for member in self.header.members], dtype=pl.String)
        places = pl.Series(range(len(values)), dtype=pl.Int64)
        found = _as_text(rows, self.header.per).replace_strict(
            values, places, default=_REST, return_dtype=pl.Int64
        )
        return found.fill_null(_REST).to_numpy()

    def _chances(self, parts: list[Prediction], back: np.ndarray) -> np.ndarray | None:
        every = []
        for part in parts:
            if part.probabilities is None:
                return None
            chances = np.zeros((len(part.values), len(self.classes)))
            known = [self.classes.index(label) for label in part.classes]
            chances[:, known] = part.probabilities
            every.append(chances)
        return np.concatenate(every)[back] if every else np.zeros((0, len(self.classes)))


@dataclass(frozen=True, slots=True)
class Fleet:
    """Fits and loads fleets of a kind; it keeps the protocol `Kind`."""

    name: str
    kind: Kind
    per: Per | None = None  # None: only to load

    @property
    def params(self) -> type[Params]:
        """Those of the kind."""
        return self.kind.params

    def task(self, params: Params) -> str:
        """That of the kind."""
        return self.kind.task(params)

    def fit(self, lesson: Lesson, params: Params, *, seed: int, threads: int) -> FleetModel:
        """A model for each value with rows enough, and one of all rows for the values without.

        What its kind raises; DataRefused of a single value leaves it without a model of its own.
        """
        assert self.per is not None  # noqa: S101 it is only None to load
        whole = self.kind.fit(_rest_of(lesson, self.per.column), params, seed=seed, threads=threads)
        members: list[Member] = []
        files = {_folder(_REST): whole.save()}
        lessons = list(_lessons(lesson, self.per))
        for (value, mine), known in zip(lessons, self._together(lessons, params), strict=True):
            try:
                made = known or self.kind.fit(mine, params, seed=seed, threads=threads)
            except DataRefused:  # it is of one class, say
                continue
            files[_folder(len(members))] = made.save()
            members.append(Member(value=value, rows=mine.train.height))
        header = Header(
            format=1,
            kind=self.name,
            per=self.per.column,
            rows=lesson.train.height,
            members=tuple(members),
            classes=whole.classes,
        )
        return FleetModel(self.kind, header, files)

    def _together(
        self, lessons: Sequence[tuple[str, Lesson]], params: Params
    ) -> Sequence[Fitted | None]:
        """The models that are learned faster at once, in a kind that can; None for the others."""
        each = [lesson for _, lesson in lessons]
        if not each or not hasattr(self.kind, "fit_each"):
            return [None] * len(each)
        below = replace(each[0], train=pl.concat(lesson.train for lesson in each))
        counts = [lesson.train.height for lesson in each]
        return cast(Together, self.kind).fit_each(below, counts, params)

    def load(self, files: Mapping[str, bytes]) -> FleetModel:
        """The fleet that was saved; Corrupt if these are not its files."""
        try:
            header = msgspec.json.decode(files[HEADER], type=Header)
            archive = unpacked(files[MEMBERS])
        except (KeyError, msgspec.DecodeError, BadZipFile) as error:
            raise Corrupt(f"{HEADER}: this is no fleet of kind `{self.name}`: {error}") from error
        mine: dict[str, dict[str, bytes]] = {}
        for name, data in archive.items():
            folder, _, file = name.partition("/")
            mine.setdefault(folder, {})[file] = data
        wanted = {_folder(place) for place in range(_REST, len(header.members))}
        if header.kind != self.name or mine.keys() != wanted:
            raise Corrupt(f"{HEADER}: this is no fleet of kind `{self.name}`: its files disagree")
        return FleetModel(self.kind, header, mine)


def _lessons(lesson: Lesson, per: Per) -> Iterator[tuple[str, Lesson]]:
    """The lesson of each value that has rows enough, by value."""
    train, validation = (_by_value(rows, per.column) for rows in (lesson.train, lesson.validation))
    rest, none = _rest_of(lesson, per.column), lesson.validation.drop(per.column).clear()
    for value in sorted(train):
        if train[value].height >= per.min_rows:
            yield value, replace(rest, train=train[value], validation=validation.get(value, none))


def _rest_of(lesson: Lesson, name: str) -> Lesson:
    """The lesson without the column that the models are by."""
    categorical = tuple(each for each in lesson.encode.categorical if each != name)
    return replace(
        lesson,
        features=tuple(each for each in lesson.features if each != name),
        train=lesson.train.drop(name),
        validation=lesson.validation.drop(name),
        encode=lesson.encode.model_copy(update={"categorical": categorical}),
    )


def _by_value(rows: pl.DataFrame, name: str) -> dict[str, pl.DataFrame]:
    """The rows of each value, in their order, without the column; of no value, none."""
    known = rows.with_columns(_as_text(rows, name)).drop_nulls(name)
    parts = known.partition_by(name, maintain_order=True, include_key=False, as_dict=True)
    return {str(value): part for (value,), part in parts.items()}


def _as_text(rows: pl.DataFrame, name: str) -> pl.Series:
    series = column(rows, name)
    if series.dtype.is_float() or series.dtype.is_nested():
        raise UserError(
            f"per is by `{name}`, which is {series.dtype}; expected text or whole numbers",
            hint=f'say so in the file: types = {{ {name} = "text" }}, or name another column',
        )
    return series.cast(pl.String)


def _folder(place: int) -> str:
    return "rest" if place == _REST else f"{place:06}"
