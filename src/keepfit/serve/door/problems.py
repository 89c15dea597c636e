"""What is wrong with a request, in words that name the place, the value and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from keepfit.errors import RowsRefused, guess, nearest
from keepfit.records.base import Record
from keepfit.serve.door.schema import Field, InputSchema

MOST = 20  # problems that one answer tells
_LONGEST = 80  # characters of a value


class Problem(Record, frozen=True, kw_only=True):
    """One thing that is wrong."""

    row: int | None = None  # from 1; None: it is of the whole request
    column: str | None = None
    value: str | None = None  # what stood there, as JSON spells it
    expected: str  # what was expected, and the next step

    def __str__(self) -> str:
        place = ", ".join(
            text
            for text in (
                f"row {self.row}" if self.row else "",
                f"column `{self.column}`" if self.column is not None else "",
            )
            if text
        )
        said = self.expected if self.value is None else f"{self.value} is not {self.expected}"
        return f"{place}: {said}" if place else said


class BadRequest(Exception):
    """The request cannot be answered as it is; `problems` say why, the first ones of `count`."""

    def __init__(
        self, problems: Iterable[Problem], *, status: int = 400, more: bool = False
    ) -> None:
        self.problems = tuple(problems)[:MOST]
        self.status = status
        self.more = more  # whether there are problems beyond these
        super().__init__("; ".join(map(str, self.problems)))

    @property
    def in_short(self) -> str:
        """The first problem, and how many there are beside it."""
        others = len(self.problems) - 1
        more = f"; and {'at least ' if self.more else ''}{others} more" if others else ""
        return f"{self.problems[0]}{more}"

    @classmethod
    def saying(cls, text: str, *, status: int = 400) -> BadRequest:
        """Of one problem that is of the whole request."""
        return cls([Problem(expected=text)], status=status)


def unanswered(error: RowsRefused) -> BadRequest:
    """Each row that the model refuses, with its reason."""
    count = sum(len(one.rows) for one in error.refusals)
    first = [(row, one) for one in error.refusals for row in one.rows[:MOST]]
    first.sort(key=lambda each: each[0])
    problems = [Problem(row=row + 1, column=one.column, expected=one.said) for row, one in first]
    return BadRequest(problems, more=count > MOST)


class Problems:
    """Problems as they are found; no more are looked for than an answer tells."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    @property
    def full(self) -> bool:
        """Whether there are as many as an answer tells."""
        return len(self.found) >= MOST

    def add(self, field: Field, row: int, value: Any) -> None:
        """A value that is none of its column's."""
        told = shown(value)
        self.found.append(Problem(row=row, column=field.name, value=told, expected=field.words))

    def header(self, schema: InputSchema, names: Sequence[str]) -> None:
        """What is wrong with the names in the first row of CSV."""
        if names and schema.known.isdisjoint(names):
            told = "the first row names the columns; without a header say text/csv; header=absent"
            self.found.append(Problem(expected=told))  # first: what follows may come of it
        self.missing(schema, None, names)

    def missing(self, schema: InputSchema, row: int | None, have: Iterable[str]) -> None:
        """Columns that are wanted and not there, and those that are there and not known."""
        names = list(have)
        strangers = [name for name in names if name not in schema.known]
        for name in schema.names:
            if name not in names:
                told = f"is missing.{nearest(name, strangers)} null stands for an unknown value"
                self._column(row, name, told)
        for name in strangers:
            self._column(row, name, _stranger(schema, name))

    def raise_if_any(self) -> None:
        """BadRequest if there are any."""
        if self.found:
            raise BadRequest(self.found, more=self.full)

    def _column(self, row: int | None, name: str, told: str) -> None:
        if not self.full:
            self.found.append(Problem(row=row, column=shown(name)[1:-1], expected=told))


def _stranger(schema: InputSchema, name: str) -> str:
    if name == schema.target:
        return "is what the model predicts; leave it out"
    return f"is not known.{guess(name, schema.known)}"


def shown(value: Any) -> str:
    """A value as JSON spells it, cut where it is long."""
    import json

    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
