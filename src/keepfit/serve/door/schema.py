"""What a request's rows must look like: the version's input schema, told without a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from keepfit.config.schema.model import ModelSpec
from keepfit.records.rows import Column

Family = Literal["number", "whole", "text", "boolean", "date", "datetime", "other"]

_WHOLE = re.compile(r"(U?)Int(8|16|32|64|128)")
_FLOAT32 = 3.4028234663852886e38  # the greatest
_FAMILIES: dict[str, Family] = {
    "Float32": "number",
    "Float64": "number",
    "String": "text",
    "Categorical": "text",
    "Enum": "text",
    "Boolean": "boolean",
    "Date": "date",
    "Datetime": "datetime",
}
_WORDS: dict[Family, str] = {
    "number": "a number",
    "whole": "a whole number",
    "text": "text",
    "boolean": "true or false",
    "date": "a date such as 2013-05-31",
    "datetime": "a time such as 2013-05-31 14:00:00",
    "other": "a value",
}
_EXAMPLES: dict[Family, Any] = {
    "number": 1.5,
    "whole": 1,
    "text": "text",
    "boolean": True,
    "date": "2013-05-31",
    "datetime": "2013-05-31 14:00:00",
    "other": None,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column that a row must have; its value may be null."""

    name: str
    dtype: str  # as polars prints it
    family: Family
    low: float | None = None  # the least value that is allowed, of a number
    high: float | None = None
    ranged: bool = False  # whether the file of models says so, or only the type

    @property
    def words(self) -> str:
        """What a value must be: "a number between 0 and 400"."""
        word = _WORDS[self.family]
        if not self.ranged:
            return f"{word} ({self.dtype})" if self.family == "whole" else word
        return f"{word} between {self.low:g} and {self.high:g}"

    def allows(self, value: float) -> bool:
        """Whether the number is within the bounds."""
        low = self.low is None or value >= self.low
        return low and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class InputSchema:
    """The columns of a row, in their order, and which others may come with them."""

    fields: tuple[Field, ...]
    carried: tuple[str, ...] = ()  # key columns, which name a row and are not predicted from
    target: str = ""

    @classmethod
    def of(cls, columns: Sequence[Column], spec: ModelSpec) -> InputSchema:
        """What the version wants; of `checks.ranges`, what a training would have been refused."""
        bounds = spec.checks.bounds
        names = {column.name for column in columns}
        return cls(
            fields=tuple(_field(column, bounds.get(column.name)) for column in columns),
            carried=tuple(name for name in spec.data.key if name not in names),
            target=spec.target,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(field.name for field in self.fields)

    @property
    def known(self) -> frozenset[str]:
        """Every name that a request may bring."""
        return frozenset((*self.names, *self.carried))

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The ranges outside which a row is not answered."""
        return {
            field.name: (field.low, field.high)
            for field in self.fields
            if field.ranged and field.low is not None and field.high is not None
        }

    def example(self) -> dict[str, Any]:
        """A row as it might come, for documents."""
        return {field.name: _example(field) for field in self.fields}


def _field(column: Column, ends: tuple[float, float] | None) -> Field:
    whole = _WHOLE.fullmatch(column.dtype)
    family = "whole" if whole else _FAMILIES.get(column.dtype.partition("(")[0], "other")
    if ends and family in ("number", "whole"):
        return Field(column.name, column.dtype, family, *ends, ranged=True)
    if column.dtype == "Float32":
        return Field(column.name, column.dtype, family, -_FLOAT32, _FLOAT32)
    if not whole:
        return Field(column.name, column.dtype, family)
    bits = int(whole[2])
    low, high = (0, 2**bits - 1) if whole[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return Field(column.name, column.dtype, "whole", low, high)


def _example(field: Field) -> Any:
    example = _EXAMPLES[field.family]
    if field.ranged and field.low is not None and not field.allows(example):
        return field.low
    return example
