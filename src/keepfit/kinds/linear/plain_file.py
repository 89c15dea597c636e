"""The one file of a linear model: what is in it, and the check that it agrees with itself."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import msgspec

from keepfit.errors import Corrupt
from keepfit.kinds.encoding import Encoding
from keepfit.records.base import Label, Record

FILE = "model.json"


class Output(Record, frozen=True, kw_only=True):
    """One number that the model makes of a row: intercept + sum of weight * value."""

    intercept: float
    numbers: tuple[float, ...]  # a number each, in the column's own unit
    categories: tuple[tuple[float, ...], ...]  # a category each: a weight a level


class Plain(Record, frozen=True, kw_only=True):
    """Everything a fitted linear model is."""

    format: Literal[1]
    kind: str
    encoding: Encoding
    outputs: tuple[Output, ...]  # one; or one a class where there are more than two
    classes: tuple[Label, ...]  # sorted; empty for a regression


def read(kind: str, files: Mapping[str, bytes]) -> Plain:
    """What the file holds; Corrupt if it is missing or is none of that kind."""
    try:
        plain = msgspec.json.decode(files[FILE], type=Plain)
    except (KeyError, msgspec.DecodeError) as error:  # a ValidationError is a DecodeError
        raise Corrupt(f"{FILE} is no linear model: {error}") from error
    if problem := _inconsistency(plain, kind):
        raise Corrupt(f"{FILE} is no {kind} model: {problem}")
    return plain


def _inconsistency(plain: Plain, kind: str) -> str | None:
    """What contradicts what in the file, or None."""
    encoding, classes = plain.encoding, plain.classes
    if plain.kind != kind:
        return f"it says {plain.kind}"
    if len(plain.outputs) != (len(classes) if len(classes) > 2 else 1) or len(classes) == 1:
        return f"{len(plain.outputs)} outputs for {len(classes)} classes"
    sizes = [category.size for category in encoding.categories]
    for out in plain.outputs:
        if len(out.numbers) != len(encoding.numbers) or [*map(len, out.categories)] != sizes:
            return "weights that are not one a column and level"
    for category in encoding.categories:
        wanted = str if category.dtype == "text" else float
        if not all(isinstance(level, wanted) for level in category.levels):
            return f"levels of `{category.name}` that are not {category.dtype}"
        if any(one >= other for one, other in pairwise(category.levels)):  # type: ignore[operator]
            return f"levels of `{category.name}` out of order"
    return None
