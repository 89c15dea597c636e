"""A class of the project's own as a kind: it is given tidy rows, and its answers are looked at."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import numpy as np
import polars as pl

from keepfit.config.code import GitState, code_of
from keepfit.data.types.dtypes import columns_of, schema_of
from keepfit.digest import Digest, canonical
from keepfit.errors import Corrupt, NoNumber, UserError
from keepfit.kinds.base import Fitted, Lesson, Params, Prediction
from keepfit.kinds.encode import column
from keepfit.kinds.labels import classes_of
from keepfit.kinds.own.answers import is_table, labels_of, numbers_of, shares_of
from keepfit.kinds.own.params import Python
from keepfit.kinds.own.project_class import OwnClass
from keepfit.kinds.target import target_of
from keepfit.records.base import Label, Record
from keepfit.records.rows import Column

FILE = "python.json"  # beside the files of the class

_NAME = re.compile(r"\w[\w.-]*")
_BLOCK = 256  # rows; see `Own.predict`
_FEW = 20
_ROUNDING = 1e-9  # what the order of additions may change; more is a row that looks at others


class Header(Record, frozen=True, kw_only=True):
    """What keepfit keeps of a model beside what the class saved."""

    format: Literal[1]
    path: str  # module:Class
    code: Digest  # of its file and what that imports: other code is another model
    columns: tuple[Column, ...]  # the features as the class gets them
    classes: tuple[Label, ...] = ()  # sorted; empty for a regression
    fills: bool = True  # false: a missing number is refused before the class sees it
    chances: bool = False  # whether a classifier tells probabilities
    blocks: bool = False  # rows are asked about so many at a time


@dataclass(frozen=True, slots=True)
class Own:
    """A model of a class of the project's own; it keeps the protocol `Fitted`."""

    header: Header
    files: Mapping[str, bytes] = field(repr=False)  # what the class saved
    own: OwnClass | None  # None: nobody said where the project's code lies
    model: Any

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels it knows, sorted; empty for a regression."""
        return self.header.classes

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """One answer a row; UserError with the project's own line where the class fails."""
        given = given_of(self.header, rows)
        if not given.height:
            return _nothing(self.header)
        if not self.header.blocks:
            return self._answer(given)
        # A matrix product rounds differently for other numbers of rows: in blocks of one size a
        # row gets the same bits alone as among a million.
        whole = pl.concat([given, *[given.head(1)] * (-given.height % _BLOCK)])
        said = [self._answer(whole.slice(at, _BLOCK)) for at in range(0, whole.height, _BLOCK)]
        return _joined(said, given.height)

    def expression(self) -> None:
        """There is none."""

    def save(self) -> dict[str, bytes]:
        """What the class saved, and `python.json` with the columns and classes."""
        return {FILE: canonical(self.header), **self.files}

    def describe(self) -> dict[str, Any]:
        """The class, its files, and what the model tells of itself if it has `describe`."""
        told: dict[str, Any] = {
            "class": self.header.path,
            "files": {name: len(data) for name, data in self.files.items()},
        }
        if self.own and hasattr(self.model, "describe"):
            with self.own.calling("describe"):
                told |= msgspec.to_builtins(self.model.describe())
        return told

    def _answer(self, given: pl.DataFrame) -> Prediction:
        if self.own is None:
            raise UserError(f"{self.header.path}: the code of this model is not at hand")
        with self.own.calling("predict"):
            said = self.model.predict(given)
        classes, shares = self.classes, None
        try:
            if not classes:
                return Prediction(numbers_of(said, given.height))
            if is_table(said):
                shares = shares_of(said, given.height, len(classes))
                best = shares.argmax(axis=1)
                return Prediction(pl.Series("prediction", classes).gather(best), shares, classes)
            return Prediction(labels_of(said, given.height, classes), None, classes)
        except ValueError as wrong:
            raise self.own.wrong("predict", str(wrong)) from wrong


@dataclass(frozen=True, slots=True)
class PythonKind:
    """What `params.class` names; it keeps the protocol `Kind`."""

    home: Path | None = None  # the project's folder
    params: type[Params] = Python

    def at(self, home: Path) -> PythonKind:
        """The same where the project's code lies in that folder."""
        return PythonKind(home)

    def task(self, params: Params) -> str:
        """`regression` or `classification`, as the class says."""
        return self.own(params).task

    def no_update(self, params: Params) -> str | None:
        """Why it cannot go on from a model; None where its `fit` asks for one."""
        own = self.own(params)
        return None if "warm" in own.asks else f"for the fit of {own.path} does not ask for `warm`"

    def own(self, params: Params) -> OwnClass:
        """The class; UserError with what it lacks."""
        if self.home is None:
            raise UserError("kind `python`: nobody says in which folder the project's code lies")
        return OwnClass.read(cast(Python, params).class_, self.home)

    def fit(
        self,
        lesson: Lesson,
        params: Params,
        *,
        seed: int,
        threads: int,
        warm: Fitted | None = None,
    ) -> Own:
        """The model that the class learned and saved, loaded again."""
        own = self.own(params)
        settings = own.settings(cast(Python, params).__pydantic_extra__)
        if own.task == "classification":
            classes = classes_of(lesson)[0]
        else:
            classes = ()
            target_of(lesson)
        header = Header(
            format=1,
            path=own.path,
            code=code_of([own.path], own.home, git=GitState())[0].digest,
            columns=_columns(lesson),
            classes=classes,
            fills=lesson.encode.missing != "fail",
        )
        before = warm.model if isinstance(warm, Own) else None
        taught = _taught(header, lesson)
        model = own.fit(taught, settings, seed=seed, threads=threads, warm=before)
        files = _saved(own, model)
        # What is judged is what was written, not what was in memory before.
        return _settled(Own(header, files, own, own.load(files)), lesson.train)

    def load(self, files: Mapping[str, bytes]) -> Own:
        """The model that was saved; Corrupt if these are not its files."""
        try:
            header = msgspec.json.decode(files[FILE], type=Header)
        except (KeyError, msgspec.DecodeError) as error:
            raise Corrupt(f"{FILE}: this is no model of kind `python`: {error}") from error
        others = {name: data for name, data in files.items() if name != FILE}
        if self.home is None:
            return Own(header, others, None, None)
        own = OwnClass.read(header.path, self.home)
        return Own(header, others, own, own.load(others))


PYTHON = PythonKind()


def given_of(header: Header, rows: pl.DataFrame) -> pl.DataFrame:
    """The features as the class gets them: numbers are Float64 and finite or null, labels text."""
    given = [_as(column(rows, name), dtype) for name, dtype in schema_of(header.columns).items()]
    if not header.fills:
        for series in given:
            if series.dtype == pl.Float64 and series.null_count():
                raise NoNumber(series.name, series.is_null().arg_true().to_list())
    return pl.DataFrame(given)


def _columns(lesson: Lesson) -> tuple[Column, ...]:
    return columns_of({name: _type(column(lesson.train, name)) for name in lesson.features})


def _type(series: pl.Series) -> pl.DataType:
    if series.dtype.is_numeric() or series.dtype == pl.Null:
        return pl.Float64()
    return pl.String() if series.dtype in (pl.Categorical, pl.Enum) else series.dtype


def _as(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    found = series.dtype
    if dtype == pl.Float64:
        if not (found.is_numeric() or found in (pl.Null, pl.Boolean)):
            raise UserError(f"column `{series.name}` is {found}; expected numbers")
        numbers = series.cast(pl.Float64)
        return numbers.set(~numbers.is_finite().fill_null(value=True), None)
    return series.cast(dtype, strict=False)


def _taught(header: Header, lesson: Lesson) -> Lesson:
    def tidy(rows: pl.DataFrame) -> pl.DataFrame:
        target = rows[lesson.target]
        plain = target.dtype in (pl.Categorical, pl.Enum)
        return given_of(header, rows).with_columns(target.cast(pl.String) if plain else target)

    return dataclasses.replace(lesson, train=tidy(lesson.train), validation=tidy(lesson.validation))


def _saved(own: OwnClass, model: Any) -> dict[str, bytes]:
    with own.calling("save"):
        files = model.save()
    if not isinstance(files, Mapping) or not files:
        raise own.wrong("save", f"gave {type(files).__name__}; expected a dict of name: bytes")
    for name, data in files.items():
        if not (isinstance(name, str) and _NAME.fullmatch(name)) or name == FILE:
            raise own.wrong("save", f"names a file {name!r}; expected a plain name, not {FILE}")
        if not isinstance(data, bytes):
            raise own.wrong("save", f"gave {type(data).__name__} for {name}; expected bytes")
    return {name: files[name] for name in sorted(files)}


def _settled(made: Own, rows: pl.DataFrame) -> Own:
    """The model with what its answers show of it: whether it tells probabilities, and whether rows
    are answered alone as among others, bit for bit."""
    some = rows.gather_every(max(1, rows.height // (_BLOCK * 2))).head(_BLOCK * 2 + 1)
    many = made.predict(some)
    alone = [made.predict(some[place : place + 1]) for place in range(min(_FEW, some.height))]
    first = many.only(np.arange(some.height) < len(alone))
    header = msgspec.structs.replace(
        made.header,
        chances=many.probabilities is not None,
        blocks=_rounded_otherwise(_joined(alone, len(alone)), first),
    )
    return dataclasses.replace(made, header=header)


def _rounded_otherwise(one: Prediction, other: Prediction) -> bool:
    """Whether two answers differ, and by no more than the last digits."""
    if one.probabilities is not None and other.probabilities is not None:
        a, b = one.probabilities, other.probabilities
    elif one.values.dtype == pl.Float64:
        a, b = one.values.to_numpy(), other.values.to_numpy()
    else:
        return False
    return not np.array_equal(a, b) and np.allclose(a, b, rtol=_ROUNDING, atol=_ROUNDING)


def _joined(said: list[Prediction], rows: int) -> Prediction:
    values = pl.concat([one.values for one in said]).head(rows)
    chances = [one.probabilities for one in said if one.probabilities is not None]
    return Prediction(values, np.concatenate(chances)[:rows] if chances else None, said[0].classes)


def _nothing(header: Header) -> Prediction:
    """What is said of no rows."""
    if not header.classes:
        return Prediction(pl.Series("prediction", [], dtype=pl.Float64))
    labels = pl.Series("prediction", header.classes).head(0)
    chances = np.zeros((0, len(header.classes))) if header.chances else None
    return Prediction(labels, chances, header.classes)
