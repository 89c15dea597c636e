"""Any scikit-learn estimator or pipeline; nothing of it is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import polars as pl

from keepfit.config.lines import KeyPath
from keepfit.config.schema.rows import Encode
from keepfit.config.wording import Wrong
from keepfit.errors import Corrupt, KeepfitError, UnknownName, guess
from keepfit.kinds.base import Fitted, Lesson, Params
from keepfit.kinds.encode import learn
from keepfit.kinds.header import read_header
from keepfit.kinds.labels import codes_among
from keepfit.kinds.sklearn import chunks
from keepfit.kinds.sklearn.estimator import build, steps_of, task_of
from keepfit.kinds.sklearn.file import Header
from keepfit.kinds.sklearn.model import Learned, matrix_of, read, steady, written
from keepfit.kinds.sklearn.params import Sklearn
from keepfit.kinds.sklearn.target import target_of, weigh_by_code
from keepfit.kinds.skops_file import ESTIMATOR


class SklearnKind:
    """Fits and loads what `params.estimator` names."""

    params: type[Params] = Sklearn

    def task(self, params: Params) -> str:
        """`regression` or `classification`."""
        return task_of(cast(Sklearn, params))

    def no_update(self, params: Params) -> str | None:
        """Why it cannot go on from a model; None for an estimator that has `partial_fit`."""
        estimator = build(cast(Sklearn, params), seed=0)
        has = hasattr(estimator, "partial_fit")
        return None if has else f"for {type(estimator).__name__} has no partial_fit"

    def wrongs(self, params: Params) -> list[Wrong]:
        """What only scikit-learn can tell of the params."""
        asked = cast(Sklearn, params)
        try:
            estimator = build(asked, seed=0)
        except UnknownName as error:
            near = guess(error.name, error.known)
            if path := _path_of(error.name, asked.model_extra or {}):
                return [Wrong(path, f"is no {error.what}.{near}")]
            return [Wrong(("estimator",), f"is '{error.name}', which is no {error.what}.{near}")]
        except KeepfitError as error:
            told = f"cannot be used: {error} {error.hint or ''}".rstrip()
            return [Wrong(("estimator",), told)]
        if asked.epochs is not None and not hasattr(estimator, "partial_fit"):
            named = type(estimator).__name__
            told = f"is {asked.epochs}, and {named} has no partial_fit"
            other = "expected no epochs, or another estimator: SGDRegressor"
            return [Wrong(("epochs",), f"{told}; {other}")]
        return []

    def fit(
        self, lesson: Lesson, params: Params, *, seed: int, threads: int, warm: Fitted | None = None
    ) -> Learned:
        """The estimator, fitted; UserError with what scikit-learn says of wrong params.

        `warm` goes once over the rows, and reads them as it did before.
        """
        if isinstance(warm, Learned):
            return _gone_on(warm, lesson, threads)
        asked = cast(Sklearn, params)
        if asked.epochs is not None:
            return self.fit_in_chunks(
                lesson, lambda: iter([lesson.train]), params, seed=seed, threads=threads
            )
        estimator = build(asked, seed)
        classes, target = target_of(lesson, self.task(params))
        weigh_by_code(estimator, classes)
        header = Header(
            estimator=steps_of(asked),
            encoding=learn(lesson.train, lesson.features, lesson.encode),
            scale=bool(lesson.encode.scale),
            classes=classes,
        )
        matrix = matrix_of(header, lesson.train)
        with steady(estimator, threads):
            estimator.fit(matrix, target)
        # What is judged is what was written, not what was in memory before.
        return read(header, written(estimator))

    def learns_in_chunks(self, params: Params, encode: Encode) -> bool:
        """Where `epochs` asks for it; a median is the one thing that only all rows can tell."""
        return cast(Sklearn, params).epochs is not None and encode.missing != "median"

    def fit_in_chunks(
        self,
        lesson: Lesson,
        rows: Callable[[], Iterator[pl.DataFrame]],
        params: Params,
        *,
        seed: int,
        threads: int,
    ) -> Learned:
        """The estimator after `epochs` times all that `rows` gives; UserError as `fit`."""
        asked = cast(Sklearn, params)
        return chunks.fit(lesson, rows, asked, seed=seed, threads=threads)

    def load(self, files: Mapping[str, bytes]) -> Learned:
        """The model that `save` wrote; Corrupt or Refused, before any of it is built, if not."""
        header = read_header("sklearn", files, Header)
        if ESTIMATOR not in files:
            raise Corrupt(f"{ESTIMATOR}: this is no model of kind `sklearn`: it is missing")
        return read(header, files[ESTIMATOR])


SKLEARN = SklearnKind()


def _path_of(name: str, said: Mapping[str, Any]) -> KeyPath | None:
    """Where the params say a parameter: plainly, behind its step, in its step's table; or where
    they have it as a value."""
    for key, value in said.items():
        if key == name or key.endswith(f"__{name}") or value == name:
            return (key,)
        if isinstance(value, dict) and (inner := _path_of(name, value)):
            return (key, *inner)
    return None


def _gone_on(warm: Learned, lesson: Lesson, threads: int) -> Learned:
    header, estimator = warm.header, warm.estimator
    if header.classes:
        target = codes_among(lesson, header.classes)
    else:
        _, target = target_of(lesson, "regression")
    with steady(estimator, threads):
        estimator.partial_fit(matrix_of(header, lesson.train), target)
    return read(header, written(estimator))
