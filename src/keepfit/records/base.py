"""What every record is, and the words that several of them use."""

from __future__ import annotations

from typing import Literal

import msgspec

Label = str | int | bool  # a class, as the target column spells it
Severity = Literal["fail", "warn", "note"]
Outcome = Literal["pass", "warn", "fail", "inconclusive"]
Bump = Literal["major", "minor", "patch"]


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A frozen record with one canonical spelling as JSON (`digest.canonical`)."""
