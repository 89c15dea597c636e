"""The files of a network: header as JSON, weights as safetensors, how it learned as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from keepfit.digest import canonical
from keepfit.errors import Corrupt
from keepfit.kinds.encoding import Encoding
from keepfit.kinds.header import MODEL
from keepfit.kinds.header import read_header as header_of
from keepfit.kinds.tensors import WEIGHTS
from keepfit.records.base import Label, Record

EPOCHS = "epochs.json"


class Target(Record, frozen=True):
    """A regression's target is so many deviations from its mean."""

    mean: float
    deviation: float  # 1 where all rows have the same


class Header(Record, frozen=True, kw_only=True):
    """What is kept of the model beside its weights."""

    format: Literal[1]
    kind: str
    encoding: Encoding
    scale: bool  # whether numbers are scaled
    hidden: tuple[int, ...]
    vectors: tuple[int, ...]  # of each category: how many numbers stand for a level
    activation: Literal["relu"] = "relu"
    loss: str
    quantile: float | None = None
    target: Target | None = None  # of a regression
    classes: tuple[Label, ...] = ()  # sorted; empty for a regression

    @property
    def outputs(self) -> int:
        """How many scores a row gets."""
        return len(self.classes) if len(self.classes) > 2 else 1

    @property
    def levels(self) -> tuple[int, ...]:
        """Of each category, with one more for what training never saw."""
        return tuple(category.size + 1 for category in self.encoding.categories)


class Epoch(Record, frozen=True, kw_only=True):
    """What was lost on the rows after every row was seen once more, in the target's own unit."""

    epoch: int  # 0: before the first, of a network that goes on
    training: float | None  # while they were learned from, with dropout; None: none were
    validation: float | None = None  # None: there are no such rows


class Course(Record, frozen=True, kw_only=True):
    """How a network learned."""

    kept: int  # the epoch whose weights were kept
    epochs: tuple[Epoch, ...]


def read_header(kind: str, files: Mapping[str, bytes]) -> Header:
    """The header among a model's files; Corrupt where there is none of that kind."""
    header = header_of(kind, files, Header)
    if len(header.vectors) != len(header.encoding.categories) or len(header.classes) == 1:
        raise Corrupt(f"{MODEL}: this is no model of kind `{kind}`: it contradicts itself")
    if bool(header.classes) == (header.target is not None):
        raise Corrupt(f"{MODEL}: this is no model of kind `{kind}`: it is of neither task")
    return header


def read_course(files: Mapping[str, bytes]) -> Course:
    """How the network learned; Corrupt where that is not told."""
    try:
        return msgspec.json.decode(files[EPOCHS], type=Course)
    except (KeyError, msgspec.DecodeError) as error:
        raise Corrupt(f"{EPOCHS}: this is no course of a training: {error}") from error


def check_shapes(
    found: Mapping[str, dict[str, Any]], wanted: Mapping[str, tuple[int, ...]]
) -> None:
    """Corrupt unless these are exactly the arrays that the header names."""
    shapes = {name: (one["dtype"], tuple(one["shape"])) for name, one in found.items()}
    if shapes != {name: ("F32", shape) for name, shape in wanted.items()}:
        raise Corrupt(f"{WEIGHTS}: these are not the weights that {MODEL} names")


def files_of(header: Header, weights: bytes, course: Course) -> dict[str, bytes]:
    """The files of a model."""
    return {MODEL: canonical(header), WEIGHTS: weights, EPOCHS: canonical(course)}
