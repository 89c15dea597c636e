"""What a published version consists of."""

from __future__ import annotations

from typing import Any

from keepfit.digest import Digest
from keepfit.records.base import Record
from keepfit.records.training import Candidate, Proof, Recipe


class File(Record, frozen=True, kw_only=True):
    """One file of a version."""

    path: str  # below the version's attempt folder
    size: int
    sha256: Digest


class Manifest(Record, frozen=True, kw_only=True):
    """What a version consists of, and the record from which it can be built again."""

    format: int = 1
    model: str
    version: str
    candidate: Candidate
    files: tuple[File, ...]  # sorted by path; this file is not among them
    config: dict[str, Any]  # the resolved table of the model
    recipe: Recipe
    proof: Proof | None = None  # None: the version is older than proofs
