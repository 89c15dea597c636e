"""A kind that is not keepfit's own, held to what every kind promises, on the rows that it learned.

keepfit's own kinds are held to it by tests; of others nobody knows until they train.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfit.errors import KeepfitError, NoNumber, UserError
from keepfit.kinds.base import Fitted, Lesson, Prediction
from keepfit.kinds.data_only import code_in
from keepfit.train.semantic import changes, parameters

_ROWS = 200  # of the training rows
_ALONE = 20
_STRANGE = "keepfit: a value that training never saw"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a kind made, and the ways to it."""

    kind: str  # as messages call it
    lesson: Lesson
    fitted: Fitted
    files: Mapping[str, bytes]
    load: Callable[[Mapping[str, bytes]], Fitted]
    again: Callable[[], Fitted] | None  # fits once more; None: that takes too long
    why: Callable[[], str | None]  # what its code asks for that no recipe holds


def hold(trained: Trained) -> None:
    """Nothing, if every promise is kept that can be looked at; UserError for the first that is
    broken."""
    _data_only(trained)
    _same_bytes(trained)
    loaded = _loads_back(trained)
    features = trained.lesson.train.select(trained.lesson.features)
    some = features.gather_every(max(1, features.height // _ROWS)).head(_ROWS)
    _one_row_like_many(trained, loaded, some)
    for what, rows in _strange(some.head(_ALONE)):
        _answers(trained, loaded, what, rows)


def _data_only(trained: Trained) -> None:
    for name, data in trained.files.items():
        if found := code_in(data):
            raise UserError(
                f"{trained.kind} saved {name}, which is {found}; expected data only: whoever "
                "loads it may run what somebody put there",
                hint="save plain data: JSON, numpy arrays of numbers, safetensors",
            )


def _same_bytes(trained: Trained) -> None:
    if trained.again is None:
        return
    again = trained.again()
    saved = again.save()
    if _same(trained, again, saved):
        return
    change = changes(trained.files, saved)[0]
    cause = trained.why()
    raise UserError(
        f"{trained.kind} was fitted twice on the same rows and gave other bytes: "
        f"{change.file}: {change.where}" + (f"; {cause}" if cause else ""),
        hint="take chance from the `seed` that fit may ask for, no time from a clock, and sort "
        "what a set or a folder gives",
    )


def _same(trained: Trained, other: Fitted, saved: Mapping[str, bytes]) -> bool:
    """Whether another is the same model: by its bytes, or by what a kind whose files hold a time or
    an id tells of its parameters."""
    if saved == trained.files:
        return True
    own = hasattr(trained.fitted, "parameters")
    return own and parameters(trained.fitted, trained.files) == parameters(other, saved)


def _loads_back(trained: Trained) -> Fitted:
    loaded = trained.load(trained.files)
    saved = loaded.save()
    if not _same(trained, loaded, saved):
        change = changes(trained.files, saved)[0]
        raise UserError(
            f"{trained.kind} saves other bytes once it was loaded: {change.file}: {change.where}",
            hint="load must bring back all that save writes",
        )
    return loaded


def _one_row_like_many(trained: Trained, loaded: Fitted, some: pl.DataFrame) -> None:
    if trained.lesson.encode.missing == "fail":
        some = some.drop_nulls()
    here, there = _bits(trained.fitted.predict(some)), _bits(loaded.predict(some))
    back = _bits(loaded.predict(some.reverse()))[::-1]
    alone = [_bits(loaded.predict(some[at : at + 1]))[0] for at in range(min(_ALONE, some.height))]
    for way, other in (
        ("once it was loaded", there),
        ("with the rows in another order", back),
        ("alone", alone),
    ):
        for row, (one, another) in enumerate(zip(here, other, strict=False)):
            if one != another:
                raise UserError(
                    f"{trained.kind} answers training row {row} with {one} among {some.height:,} "
                    f"rows, and with {another} {way}",
                    hint="predict must answer each row from that row alone",
                )


def _strange(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows as they come in production, and what is strange about them."""
    for name in rows.columns:
        dtype = rows[name].dtype
        bad = pl.lit(None, dtype).alias(name)
        yield f"rows whose `{name}` is missing", rows.with_columns(bad)
        if dtype in (pl.String, pl.Categorical, pl.Enum):
            new = pl.lit(_STRANGE).alias(name)
            yield f"rows whose `{name}` is a text that training never saw", rows.with_columns(new)


def _answers(trained: Trained, loaded: Fitted, what: str, rows: pl.DataFrame) -> None:
    try:
        said = loaded.predict(rows)
    except NoNumber:
        return  # encode.missing = "fail" refuses them
    except KeepfitError as error:
        raise UserError(f"{error}; it was asked about {what}", hint=error.hint) from error
    values = said.values
    holes = values.null_count() or (values.dtype.is_float() and not values.is_finite().all())
    if holes or values.len() != rows.height:
        raise UserError(
            f"{trained.kind} has no answer for {what}",
            hint="every row must have its answer: fall back on what most rows say",
        )


def _bits(said: Prediction) -> list[str]:
    """A row each, with every digit that it has."""
    values = [repr(value) for value in said.values.to_list()]
    if said.probabilities is None:
        return values
    chances = np.asarray(said.probabilities).tolist()
    return [f"{value} {row}" for value, row in zip(values, chances, strict=True)]
