"""What a report says, before it is a page: the record that `--json` prints."""

from __future__ import annotations

from typing import Any

from keepfit.digest import Digest
from keepfit.records.base import Outcome, Record
from keepfit.records.evidence import Verdict
from keepfit.records.exhibits import ColumnProfile
from keepfit.records.rows import Column
from keepfit.records.training import Recipe


class Happening(Record, frozen=True, kw_only=True):
    """One record of the log that is about the version."""

    seq: int
    at: str  # ISO time in UTC
    who: str
    what: str  # published, judged, asked, approved, rejected, promoted, …
    stage: str | None = None
    reason: str = ""
    how: str = ""  # of a promotion: gate, approval, rollback, force
    void: str = ""  # why it counts for nothing


class Past(Record, frozen=True, kw_only=True):
    """The gate's metric of a version on the holdout that it was judged on."""

    version: str
    at: str  # ISO time of its publication
    outcome: Outcome | None
    value: float | None
    champion: float | None = None  # of the champion on the same rows
    rows: int


class ConfigChange(Record, frozen=True, kw_only=True):
    """A key of the model that differs from the champion's."""

    key: str
    old: str
    new: str


class Rows(Record, frozen=True, kw_only=True):
    """The rows of one side."""

    version: str
    rows: int  # of the snapshot
    parts: int
    train: int
    holdout: int
    time_from: str | None = None
    time_to: str | None = None


class Drift(Record, frozen=True, kw_only=True):
    """A column of the training rows, now and in the champion's training."""

    column: str
    now: ColumnProfile | None  # None: the column is gone
    then: ColumnProfile | None  # None: the column is new
    shift: float | None = None  # of the mean, in the champion's deviations
    nulls: float | None = None  # change of their share
    new: tuple[str, ...] = ()  # frequent values that the champion's rows had not among theirs
    gone: tuple[str, ...] = ()  # and the other way round
    notable: bool = False  # a shift above 0.25, nulls by more than 0.01, or other columns or values


class Differences(Record, frozen=True, kw_only=True):
    """What is otherwise than with the champion."""

    champion: str
    config: tuple[ConfigChange, ...]  # keys that can change what is learned
    rows: tuple[Rows, Rows]  # the version's, the champion's
    added: tuple[Column, ...] = ()  # columns that are read and were not
    removed: tuple[Column, ...] = ()
    retyped: tuple[tuple[Column, Column], ...] = ()  # now, then
    drift: tuple[Drift, ...] = ()


class Effect(Record, frozen=True, kw_only=True):
    """What a feature does in a linear model, in its own deviations; of a level as it is."""

    feature: str
    level: str | None = None
    output: str  # the class; `prediction` for numbers
    weight: float
    standardised: float


class Epoch(Record, frozen=True, kw_only=True):
    """What was lost for each row, once every row was seen again."""

    epoch: int  # 0: before the first, of a network that went on
    training: float | None = None
    validation: float | None = None


class Learning(Record, frozen=True, kw_only=True):
    """How a network learned."""

    loss: str
    kept: int  # the epoch whose weights were kept
    epochs: tuple[Epoch, ...]


class Report(Record, frozen=True, kw_only=True):
    """All that is told of one version, from what is stored and from nothing else."""

    model: str
    version: str
    project: str
    kind: str
    description: str = ""
    owner: str = ""
    card: dict[str, Any]  # what `[model.NAME.card]` tells, where it tells something
    published: str  # ISO time
    author: str  # who published it
    why: str = ""  # why it was trained
    verdict: Verdict
    evidence_digest: Digest
    evidence: dict[str, Any]  # the whole of it, as it was stored
    happenings: tuple[Happening, ...]
    past: tuple[Past, ...] = ()  # up to 50 versions that end with this one, oldest first
    effects: tuple[Effect, ...] = ()  # of a linear kind, the weightiest first, up to 60
    learning: Learning | None = None  # None: its kind learns in no epochs
    differences: Differences | None = None  # None: see `missing`
    recipe: Recipe
    config: dict[str, Any]  # the resolved table of the model
    digest: Digest  # of the model's files
    missing: dict[str, str]  # what is not told -> why
