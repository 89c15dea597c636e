"""What the training process is asked for and what it answers; light, for both of its sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepfit.config.schema.model import ModelSpec
from keepfit.digest import Digest
from keepfit.records.base import Record
from keepfit.records.rows import Snapshot
from keepfit.records.training import Base, Candidate, Code, Environment, Proof

if TYPE_CHECKING:
    import polars as pl

    from keepfit.train.predictor import Predictor


# Rows of a snapshot, up to which all are in memory at a time: they are learned from in an order of
# their own, whatever files they lie in. Of more, the order is the files', and nobody holds them.
MANY = 2_000_000


def in_pieces(spec: ModelSpec) -> bool:
    """Whether the model can be trained without all rows in memory."""
    from keepfit.data.piecewise.pieces import may_be_cut

    return not spec.fleet and _learns_in_pieces(spec) and may_be_cut(spec)


def _learns_in_pieces(spec: ModelSpec) -> bool:
    from keepfit.kinds import kind, params_of

    learner = kind(spec.kind)
    if once := getattr(learner, "learns_in_pieces", None):
        return bool(once(spec.encode))
    if often := getattr(learner, "learns_in_chunks", None):
        return bool(often(params_of(spec.kind).model_validate(spec.params), spec.encode))
    return False


class Asked(Record, frozen=True, kw_only=True):
    """Something that code asked for and that no recipe holds."""

    what: str  # a clock, chance, a folder's listing, …
    call: str  # "time.time", "environment variable RATE"
    place: str  # "features.py:12"

    def __str__(self) -> str:
        return f"{self.place} asks for {self.what} ({self.call})"


class Warm(Record, frozen=True, kw_only=True):
    """A model that a training goes on from."""

    base: Base
    files: dict[str, bytes]  # its own, by name
    keys: bytes  # the fingerprint of the rows that it has learned from


class Portion(Record, frozen=True, kw_only=True):
    """Which rows of those that may be learned from: a bit a row of `Split.pool`."""

    train: bytes
    validation: bytes


class Job(Record, frozen=True, kw_only=True):
    """One model to fit on one snapshot."""

    spec: dict[str, Any]  # the model's table as JSON; its values are secret, it is never written
    snapshot: Snapshot
    paths: dict[Digest, str]  # where the snapshot's parts lie
    root: str  # the project's folder, where `transform` is found
    seed: int
    code: Code | None = None  # what the project's files must still be when `transform` is imported
    warm: Warm | None = None  # what it goes on from; None: it begins from scratch
    portion: Portion | None = None  # learn from these alone, and see no holdout; None: from all
    workplace: str | None = None  # a folder for what a training that is ended goes on from
    pieces: bool = False  # whether the rows are too many to be in memory together
    notes: str | None = None  # a folder of what was found in files of rows in earlier runs
    watch: bool = False  # note what the project's code asks for that no recipe holds; slow

    @classmethod
    def of(  # noqa: PLR0913 all that a job may be told
        cls,
        spec: ModelSpec,
        snapshot: Snapshot,
        paths: Mapping[Digest, Path],
        *,
        root: Path,
        code: Code | None = None,
        warm: Warm | None = None,
        workplace: Path | None = None,
        notes: Path | None = None,
    ) -> Job:
        """The job of training what `spec` declares, with the seed of its split."""
        return cls(
            spec=spec.plain(),
            snapshot=snapshot,
            paths={digest: str(path.absolute()) for digest, path in paths.items()},
            root=str(root.absolute()),
            seed=spec.split.seed,
            code=code,
            warm=warm,
            workplace=str(workplace.absolute()) if workplace else None,
            pieces=warm is None and snapshot.rows > MANY and in_pieces(spec),
            notes=str(notes.absolute()) if notes else None,
        )

    @property
    def model(self) -> str:
        """The model's name, for messages."""
        return str(self.spec["name"])

    @property
    def threads(self) -> int:
        """How many threads the process may use."""
        return int(self.spec["threads"])


class Fit(Record, frozen=True, kw_only=True):
    """What training made."""

    candidate: Candidate
    files: dict[str, bytes]  # the model's canonical bytes, by name; `candidate.digest` is theirs
    keys: bytes  # the fingerprint of the rows it learned from (`data.keys.read_fingerprint`)
    environment: Environment  # of the process that made it
    proof: Proof
    asked: tuple[Asked, ...] = ()  # what the job's `watch` has noted
    resumed: str = ""  # where an earlier training of the same was ended, and this one went on
    validated: bytes = b""  # of `keys`, those of the validation rows alone; empty: there were none

    def predictor(
        self,
        spec: ModelSpec,
        transform: Callable[[pl.LazyFrame], pl.LazyFrame] | None,
        *,
        version: str = "",
        home: Path | None = None,
    ) -> Predictor:
        """The model, loaded from its bytes and ready to predict raw rows; `home` is the project's
        folder."""
        from keepfit.train.artifact import load
        from keepfit.train.predictor import Predictor

        return Predictor(
            schema=self.candidate.schema,
            data=spec.data,
            transform=transform,
            features=spec.features,
            fitted=load(self.candidate.kind, self.files, self.candidate.files, home),
            target=spec.target,
            series=spec.series,
            version=version,
        )
