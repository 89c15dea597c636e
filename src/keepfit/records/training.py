"""What training used and made."""

from __future__ import annotations

from typing import Any, Literal

from keepfit.digest import Digest
from keepfit.records.base import Label, Record
from keepfit.records.rows import Column, Snapshot, SplitReport


class Code(Record, frozen=True, kw_only=True):
    """The Python of the project that took part, so that it can be told apart and stored."""

    digest: Digest
    files: dict[str, Digest] = {}  # path in the project -> digest of its bytes
    commit: str | None = None  # of the project's git repository, if there is one
    clean: bool = False  # whether the work tree was that commit
    assets: dict[str, Digest] = {}  # what training reads beside code and rows; not stored as code

    @property
    def named(self) -> dict[str, Digest]:
        """Every file of the project that took part."""
        return {**self.files, **self.assets}


class Environment(Record, frozen=True, kw_only=True):
    """What the process that trained looked like; what `rebuild` makes again."""

    python: str
    platform: str
    cpu: str
    blas: str
    threads: int
    variables: dict[str, str]  # the pinned environment variables
    lock: Literal["uv.lock", "distributions"]  # what `lock_digest` is of
    distributions: tuple[str, ...] = ()  # name==version of everything installed, sorted
    lock_digest: Digest


class Base(Record, frozen=True, kw_only=True):
    """The version that another went on from; its files lie with that one."""

    version: str
    digest: Digest  # of its candidate's files


class Recipe(Record, frozen=True, kw_only=True):
    """The few kB that rebuild a version."""

    code: Code
    snapshot: Snapshot
    config_digest: Digest
    seed: int
    environment: Environment
    warm: Base | None = None  # None: it was trained from scratch


class Candidate(Record, frozen=True, kw_only=True):
    """A fitted model that nobody has judged yet."""

    model: str
    kind: str
    files: dict[str, Digest]  # of its canonical bytes
    digest: Digest  # of `files`
    snapshot: Digest  # the rows it learned from
    split: SplitReport
    schema: tuple[Column, ...]  # the columns it wants to see, before derive and transform
    classes: tuple[Label, ...] = ()  # of a classifier, in the order of its probabilities
    seconds: float = 0.0  # that fitting took; never part of a digest


class Proof(Record, frozen=True, kw_only=True):
    """What a rebuild is held against where bytes differ: what was learned from, and what was."""

    rows: Digest  # of the prepared training rows, in whatever order
    columns: dict[str, Digest]  # of each of their columns, in the order of the rows
    parameters: Digest  # of what the model has learned, however its files spell it
    examples: tuple[dict[str, Any], ...]  # some rows as a prediction wants them
    predictions: tuple[Any, ...]  # what the model says of them: a value, or [label, chances]
