"""Where everything lies in a store: the only place in which keys are put together."""

from __future__ import annotations

from keepfit.digest import Digest
from keepfit.errors import StoreError
from keepfit.records import Part

FORMAT = "FORMAT"
MODELS = "m"
MANIFEST = "MANIFEST.json"
_RECORDS_A_FOLDER = 1000


def log_folder(model: str) -> str:
    """Below it lie the records of a model's log and nothing else."""
    return f"m/{model}/log"


def record(model: str, seq: int) -> str:
    """The slot of record `seq` in a model's log."""
    return f"{log_folder(model)}/{seq // _RECORDS_A_FOLDER:06}/{seq:020}.json"


def seq_of(key: str) -> int | None:
    """The number of the record in slot `key`, or None if it is no slot of a log."""
    name, dot, suffix = key.rpartition("/")[2].partition(".")
    plausible = dot and suffix == "json" and name.isdecimal() and len(name) == 20
    return int(name) if plausible else None


def version_folder(model: str, version: str, attempt: str) -> str:
    """Below it lie the files of one attempt at a version."""
    return f"m/{model}/v/{version}/{attempt}"


def evidence(model: str, digest: Digest) -> str:
    """The place of evidence that was gathered after the version was published."""
    return f"m/{model}/e/{digest}.json"


def part(model: str, attempt: str, stored: Part) -> str:
    """The place of a part, with an end to its name that tells its format."""
    ending = ".".join(filter(None, (stored.digest, stored.format, stored.compression)))
    return f"m/{model}/p/{attempt}/{ending}"


def checked(key: str) -> str:
    """`key`, if it stays inside a store whatever that is; StoreError if not."""
    steps = key.split("/")
    if "" in steps or "." in steps or ".." in steps or "\\" in key or "\0" in key:
        raise StoreError(f"{key!r} is no key of a store")
    return key
