"""Where everything lies in a store: the only place in which keys are put together."""

from __future__ import annotations

from keepfit.digest import Digest
from keepfit.errors import StoreError
from keepfit.records.rows import Part

FORMAT = "FORMAT"
MODELS = "m"
DRAFTS = "tmp"  # of folders: what is being written
MANIFEST = "MANIFEST.json"
_RECORDS_A_FOLDER = 1000
_SHORT = 12  # digits of a digest in a name


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


def shelf(model: str, seq: int) -> str:
    """The folder of the log that holds record `seq` and up to a thousand others."""
    return record(model, seq).rpartition("/")[0]


def hint(model: str) -> str:
    """Where to begin to read a model's log; advice, which may be lost or wrong."""
    return f"m/{model}/hint.json"


def checkpoints(model: str) -> str:
    """Below it lie the model's states of earlier times, all of which the log tells too."""
    return f"m/{model}/ckpt"


def checkpoint(model: str, seq: int, head: Digest) -> str:
    """The state after record `seq`, whose digest is `head`."""
    return f"{checkpoints(model)}/{seq:020}-{head[:_SHORT]}.json.gz"


def checkpoint_of(key: str) -> tuple[int, str] | None:
    """The record that a checkpoint follows and the begin of its digest, or None if it is none."""
    seq, dash, rest = key.rpartition("/")[2].partition("-")
    head = rest.removesuffix(".json.gz")
    plausible = dash and seq.isdecimal() and len(seq) == 20 and len(head) == _SHORT
    return (int(seq), head) if plausible else None


def pages(model: str) -> str:
    """Below it lie the pages that checkpoints name."""
    return f"m/{model}/idx"


def page(model: str, last: int, digest: Digest) -> str:
    """A page of rows, the newest of which record `last` made."""
    return f"{pages(model)}/{last:020}-{digest[:_SHORT]}.json.gz"


def heartbeats(model: str) -> str:
    """Below it lie the signs of life of attempts."""
    return f"m/{model}/hb"


def heartbeat(model: str, attempt: str) -> str:
    """Overwritten while the attempt is at work; advice to the collector."""
    return f"{heartbeats(model)}/{attempt}"


def view(model: str, stage: str) -> str:
    """What a stage holds, for people and other tools; keepfit never reads it."""
    return f"m/{model}/view/{stage}.json"


def versions(model: str) -> str:
    """Below it lie the files of all attempts at all versions."""
    return f"m/{model}/v"


def parts(model: str) -> str:
    """Below it lie the parts of all attempts."""
    return f"m/{model}/p"


def part_folder(model: str, attempt: str) -> str:
    """Below it lie the parts of one attempt."""
    return f"{parts(model)}/{attempt}"


def version_folder(model: str, version: str, attempt: str) -> str:
    """Below it lie the files of one attempt at a version."""
    return f"{versions(model)}/{version}/{attempt}"


def all_evidence(model: str) -> str:
    """Below it lies the evidence that was gathered after versions were published."""
    return f"m/{model}/e"


def evidence(model: str, digest: Digest) -> str:
    """The place of evidence that was gathered after the version was published."""
    return f"{all_evidence(model)}/{digest}.json"


def predictions(model: str, day: str, name: str) -> str:
    """The place of answers that a server gave on a day (2013-05-31); no collection touches it."""
    return f"m/{model}/predictions/{day}/{name}.parquet"


def part(model: str, attempt: str, stored: Part) -> str:
    """The place of a part, with an end to its name that tells its format."""
    ending = ".".join(filter(None, (stored.digest, stored.format, stored.compression)))
    return f"{part_folder(model, attempt)}/{ending}"


def checked(key: str) -> str:
    """`key`, if it stays inside a store whatever that is; StoreError if not."""
    steps = key.split("/")
    if "" in steps or "." in steps or ".." in steps or "\\" in key or "\0" in key:
        raise StoreError(f"{key!r} is no key of a store")
    return key
