"""The log and the files of a store, from the code that writes them."""

# ruff: noqa: INP001 - a script's own module, no package
from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import get_args

from writing import fields, first_sentence, prose, table

from keepfit.lifecycle import open as opening
from keepfit.lifecycle import train
from keepfit.records.certificate import Certificate, Witness
from keepfit.records.comparison import BenchmarkScore, Comparison
from keepfit.records.disagreement import Disagreements
from keepfit.records.evidence import Agreement, Evidence, Reason, Verdict
from keepfit.records.rows import Part
from keepfit.records.training import Candidate, Code, Environment, Proof, Recipe
from keepfit.records.version import File, Manifest
from keepfit.store import keys
from keepfit.store.log import events
from keepfit.store.registry import EVIDENCE

MODEL, VERSION, ATTEMPT = "MODEL", "1.0.0-LABEL", "ATTEMPT"
PART = Part(source="rows", uri="", digest="SHA256", size=0, format="csv", rows=0, columns=())

IN_A_STORE = {
    keys.FORMAT: "what this folder is: the number of the format, the store's id",
    keys.record(MODEL, 12): "record 12 of a model's log",
    keys.part(MODEL, ATTEMPT, PART): "rows of a snapshot, exactly as they were read",
    keys.version_folder(MODEL, VERSION, ATTEMPT) + "/": "the files of one attempt at a version",
    keys.evidence(MODEL, "SHA256"): "evidence that was gathered after the version was published",
    "tmp/": "drafts; nothing in it counts",
}
IN_A_VERSION = {
    keys.MANIFEST: "path, size and sha256 of every other file, the config, the recipe",
    opening.MODEL: "the model, in formats that hold data and no code",
    EVIDENCE: "evidence and the verdict on it",
    opening.JUNIT: "the verdict for CI servers, a test case a rule",
    opening.KEYS: "sorted 64-bit hashes of the keys of the rows that it learned from",
    opening.VALIDATED: "those of the validation rows alone; only where there are any",
    opening.CODE: "the Python files of the project that took part",
}
NOUNS = (
    Manifest,
    File,
    Recipe,
    Proof,
    Code,
    Environment,
    Candidate,
    Evidence,
    Agreement,
    BenchmarkScore,
    Disagreements,
    Certificate,
    Witness,
    Comparison,
    Verdict,
    Reason,
)


def log_page() -> Iterator[str]:
    """The records of a model's log."""
    yield from prose("""
        # The log

        Each model has one log: JSON records, numbered without gaps, each with the digest of the
        one before. Creating the next record, if it is not there yet, is the only commit; nothing
        is ever changed or deleted. What a stage points at is worked out from the records.
        `keepfit history MODEL` tells them; with `--json` it prints them whole.

        ## Every record

        `k` says which record it is: the headings below. A `Digest` is the 64 hex digits of a
        sha256.
    """)
    yield from fields(events.Event)
    for record in get_args(events.Any):
        yield from (f"## {record.__struct_config__.tag}", "")
        yield from prose(inspect.getdoc(record) or "")
        yield from fields(record)


def files_page() -> Iterator[str]:
    """Where everything lies in a store and in a version."""
    yield from prose("""
        # Files

        A store is a folder. Who can copy a folder can copy, move or back up a store.

        ## A store
    """)
    yield from _places(IN_A_STORE)
    yield from prose("""
        An attempt is a ULID and is never used twice. Files below it count only once a publish
        record names them: a crash leaves bytes that nobody looks at, never half a version.

        ## A version
    """)
    yield from _places(IN_A_VERSION)
    yield from prose(f"""
        Each time before a version is used, the manifest is checked against the log, and every
        file against the manifest.

        `keepfit train` writes the same files below `.keepfit/candidates/MODEL/`, under the number
        {train.CANDIDATE}: a candidate is no version.

        ## The records in them
    """)
    for record in NOUNS:
        yield from (f"### {record.__name__}", "")
        yield from prose(first_sentence(record) + ".")
        yield from fields(record)


def _places(places: dict[str, str]) -> Iterator[str]:
    return table(("path", "holds"), ((f"`{place}`", what) for place, what in places.items()))
