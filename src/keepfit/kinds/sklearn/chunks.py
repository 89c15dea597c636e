"""An estimator that learns by `partial_fit`: chunk after chunk, as often as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl

from keepfit.errors import UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.encode import learn
from keepfit.kinds.encoding import Encoding
from keepfit.kinds.sklearn.encode_chunks import Gathering
from keepfit.kinds.sklearn.estimator import build, steps_of, task_of
from keepfit.kinds.sklearn.file import Header
from keepfit.kinds.sklearn.model import Learned, matrix_of, read, steady, written
from keepfit.kinds.sklearn.params import Sklearn
from keepfit.kinds.sklearn.target import codes_of, labels_in, numbers_of, weigh_by_code
from keepfit.records.base import Label

_CHUNK = 1 << 16  # rows; fixed, for what is learned hangs on where a chunk ends

Rows = Callable[[], Iterator[pl.DataFrame]]


def fit(lesson: Lesson, rows: Rows, params: Sklearn, *, seed: int, threads: int) -> Learned:
    """The estimator after `params.epochs` times all that `rows` gives, in chunks of one size; once
    before, they are looked at for the encoding and the labels.

    UserError for an estimator that has no `partial_fit`, or with what scikit-learn says.
    """
    estimator = build(params, seed)
    if not hasattr(estimator, "partial_fit"):
        raise UserError(
            f"params.epochs is {params.epochs}, and {type(estimator).__name__} has no partial_fit",
            hint="leave out epochs, or name another estimator: sklearn.linear_model.SGDRegressor",
        )
    encoding, classes = _first_look(lesson, rows, classifies=task_of(params) == "classification")
    weigh_by_code(estimator, classes)
    header = Header(
        estimator=steps_of(params),
        encoding=encoding,
        scale=bool(lesson.encode.scale),
        classes=classes,
    )
    more: dict[str, Any] = {"classes": np.arange(len(classes))} if classes else {}
    for _ in range(params.epochs or 1):
        for chunk in _of_one_size(rows()):
            target = chunk[lesson.target]
            wanted = codes_of(target, classes) if classes else numbers_of(target)
            with steady(estimator, threads):
                estimator.partial_fit(matrix_of(header, chunk), wanted, **more)
    return read(header, written(estimator))


def _first_look(
    lesson: Lesson, rows: Rows, *, classifies: bool
) -> tuple[Encoding, tuple[Label, ...]]:
    gathering, labels = Gathering(lesson.features, lesson.encode), set[Label]()
    for some in _of_one_size(rows()):  # or means would hang on the sizes in their last digits
        gathering.add(some)
        if classifies:
            labels.update(labels_in(some[lesson.target]))
    if lesson.encode.missing == "median":  # which only all rows at once can tell
        encoding = learn(lesson.train, lesson.features, lesson.encode)
    else:
        encoding = gathering.encoding()
    return encoding, tuple(sorted(labels))


def _of_one_size(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        rest = frame
        while height + rest.height >= _CHUNK:
            piece = rest.head(_CHUNK - height)
            yield pl.concat([*waiting, piece])
            rest, waiting, height = rest.slice(piece.height), [], 0
        if rest.height:
            waiting.append(rest)
            height += rest.height
    if waiting:
        yield pl.concat(waiting)
