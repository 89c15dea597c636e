"""
What this package raises on purpose, sorted by who must act. The exit code hangs on the branch.

* UserError           the file, a flag or the code it names is wrong        exit 2
  x ConfigError       keepfit.toml: every problem of it at once
  x UnknownName       no such model, version, stage, column or metric
  x RowsRefused       rows that the model does not answer, each with its reason
    x NoNumber        they lack a number, and the model fills none
    x NoForecast      they are of a series or a time that is not forecast
* Refused             a rule said no, and nothing is broken                 exit 3
  x DataRefused       a check of the data says: do not train on this
  x GateFailed        the evidence does not allow the promotion
  x NotApproved       somebody must say yes first
  x NotComparable     a comparison that would not be honest
* SystemFailure       the store, a source or a sink could not               exit 4
  x SourceError       rows could not be read
  x SinkError         results could not be written
  x NotInstalled      an extra is missing: the message is the pip command
  x StoreError        the object store could not do it
    x Conflict        someone committed first: read and try again
    x Corrupt         the bytes do not match their digest, or the log is damaged
    x Unclear         nobody can say whether it happened: run again          exit 6
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class KeepfitError(Exception):
    """Anything keepfit raises on purpose; `hint` is the next step, if there is one."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UserError(KeepfitError):
    """The file, a flag or the code it names is wrong."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration."""

    place: str  # "keepfit.toml:12", or the flag or variable that set the value
    key: str  # "model.fare.gate.metric"
    message: str  # what is wrong, what was expected, a guess

    def __str__(self) -> str:
        return f"{self.place}: {self.key} {self.message}"


class ConfigError(UserError):
    """Every problem of the configuration, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnknownName(UserError):
    """A name that is not there, with a guess at what was meant."""

    def __init__(
        self, what: str, name: str, known: Iterable[str], *, hint: str | None = None
    ) -> None:
        self.what, self.name, self.known = what, name, tuple(known)
        super().__init__(f"there is no {what} `{name}`.{guess(name, self.known)}", hint=hint)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that a model does not answer for one reason."""

    column: str
    rows: Sequence[int]  # their places, from 0
    said: str  # of each of them


class RowsRefused(UserError):
    """Rows that the model does not answer, each with its reason; it answers the others."""

    def __init__(self, refusals: Sequence[Refusal], *, hint: str) -> None:
        self.refusals = tuple(refusals)
        told = [
            f"column `{one.column}` has {len(one.rows):,} row{'s' if len(one.rows) > 1 else ''} "
            f"with {one.said}"
            for one in self.refusals
        ]
        super().__init__("; ".join(told), hint=hint)


class NoForecast(RowsRefused):
    """Rows of a series or a time that are not forecast."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(refusals, hint="ask for the steps that follow on what was observed last")


class NoNumber(RowsRefused):
    """Rows lack a finite number, and encode.missing is "fail"."""

    said = 'no finite number, and encode.missing is "fail"'

    def __init__(self, column: str, rows: Sequence[int]) -> None:
        super().__init__(
            [Refusal(column, rows, self.said)],
            hint="remove them with a `clean` rule, or set missing to mean, median or zero",
        )


class Refused(KeepfitError):
    """A rule said no, and nothing is broken."""

    exit_code = 3


class DataRefused(Refused):
    """A check of the data says: do not train on this."""


class GateFailed(Refused):
    """The evidence does not allow the promotion."""


class NotApproved(Refused):
    """Somebody must say yes first."""


class NotComparable(Refused):
    """A comparison that would not be honest."""


class SystemFailure(KeepfitError):
    """The store, a source or a sink could not do it."""

    exit_code = 4


class SourceError(SystemFailure):
    """Rows could not be read."""


class SinkError(SystemFailure):
    """Results could not be written."""


class NotInstalled(SystemFailure):
    """An extra is missing."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs one extra.", hint=f"pip install 'keepfit[{extra}]'")


class StoreError(SystemFailure):
    """The object store could not do it."""


class Conflict(StoreError):
    """Someone committed first: read the state again and retry."""

    def __init__(self, what: str, expected: str | None, found: str | None) -> None:
        super().__init__(
            f"{what}: expected {expected or 'nothing'}, found {found or 'nothing'}",
            hint="somebody was quicker; look at `keepfit history` and run the command again",
        )
        self.expected, self.found = expected, found


class Corrupt(StoreError):
    """The bytes do not match their digest, or the log is damaged."""


class Unclear(StoreError):
    """Nobody can say whether it happened; the command that the message names finds out."""

    exit_code = 6


def guess(name: str, known: Iterable[str]) -> str:
    """` Did you mean …?` with the nearest known name; else what there is; else nothing."""
    names = sorted(known)
    return nearest(name, names) or listed(" Known: ", names)


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean …?` with the nearest known name; nothing where none is near."""
    names = sorted(known)
    longer = [known for known in names if name and known.startswith(name)]
    near = difflib.get_close_matches(name, names, n=1) or longer
    return f" Did you mean `{near[0]}`?" if near else ""


def listed(word: str, names: Sequence[str]) -> str:
    """The word and the first dozen names; nothing where there is none."""
    more = ", …" if len(names) > 12 else ""
    return f"{word}{', '.join(names[:12])}{more}" if names else ""
