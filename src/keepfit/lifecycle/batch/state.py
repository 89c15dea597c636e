"""What is done of a job so far, in a folder beside its output: chunks and a journal of them."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from keepfit.digest import Digest, canonical, sha256, sha256_file
from keepfit.errors import Refused, SinkError
from keepfit.lifecycle.batch.asked import Pace
from keepfit.records.base import Record

T = TypeVar("T", bound=Record)

_NUMBER = re.compile(r"\(os error (\d+)\)")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_JOB, _JOURNAL, _LOCK, _OUT, _COMMIT = "job.json", "journal", "lock", "out", "commit.json"


class Job(Record, frozen=True, kw_only=True):
    """Everything on which the bytes of the output depend: another job never takes up its chunks."""

    reference: str
    version: str
    manifest: Digest
    inputs: tuple[tuple[str, str], ...]  # uri and identity
    output: str
    outputs: tuple[str, ...]  # the names of the files
    columns: tuple[str, ...]  # of answers
    pace: Pace
    observed: Digest = ""  # the newer rows that a forecast went on from
    made_by: str  # keepfit and polars


class Done(Record, frozen=True, kw_only=True):
    """A chunk that is answered, and kept as one file or two."""

    piece: int  # of the job's files of predictions
    input: int  # of the piece's files of rows
    end: int  # where the next chunk begins
    last: bool = True  # of its file of rows
    rows: int = 0  # read
    rejected: int = 0
    columns: tuple[str, ...] = ()  # key and answers
    why: str = ""  # the first of the rejected was so
    file: str = ""  # named by number and content; "": it went straight into the whole file
    digest: Digest = ""
    rejects: str = ""  # where some were
    rejects_digest: Digest = ""


class Commit(Record, frozen=True, kw_only=True):
    """The last step: the job, and what its output will look like on the disk."""

    job: Digest
    version: str
    rows: int
    rejected: int
    files: int
    rejects: tuple[str, ...]
    stamps: tuple[tuple[str, str], ...]  # each file's name and when it was written; (): not known


class State:
    """The folder. Nothing in it needs to survive a power loss: what is damaged is done again."""

    def __init__(self, folder: Path, *, said: str) -> None:
        self.folder = folder
        self._said = said  # the place that an error names: people know their output, not this
        self.out = folder / _OUT

    @contextmanager
    def held(self) -> Iterator[None]:
        """For as long as the job runs, nobody else may; Refused where somebody does."""
        with _saying(self._said):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / _LOCK).open("ab")
        with lock:
            _lock(lock, self.folder / _LOCK)
            yield

    def job(self) -> Job | None:
        """The job whose chunks are here."""
        return _read(self.folder / _JOB, Job)

    def commit(self) -> Commit | None:
        """The last step, where it was begun."""
        return _read(self.folder / _COMMIT, Commit)

    def begin(self, job: Job) -> None:
        """An empty folder for the job."""
        with _saying(self._said):
            for entry in self.folder.iterdir():
                if entry.name != _LOCK:
                    _remove(entry)
            self.out.mkdir()
            _write(self.folder / _JOB, canonical(job))

    def is_made(self, name: str) -> bool:
        """Whether the file of predictions with this name waits for its place."""
        return (self.out / name).exists()

    def holds_work(self) -> bool:
        """Whether anything is here that would have to be done again."""
        journal = self.folder / _JOURNAL
        return (journal.exists() and journal.stat().st_size > 0) or self.commit() is not None

    def done(self) -> list[Done]:
        """The chunks that are here and whole, in their order, up to the first that is not.

        Whole is, too, what went into a file of predictions that is made.
        """
        job = self.job()
        outputs = job.outputs if job else ()
        known: list[Done] = []
        with suppress(OSError):
            for line in (self.folder / _JOURNAL).read_bytes().split(b"\n"):
                with suppress(msgspec.DecodeError):  # the last one may be cut off
                    known.append(msgspec.json.decode(line, type=Done))
        whole: list[Done] = []
        for done in known:
            made = done.piece < len(outputs) and self.is_made(outputs[done.piece])
            if not made and not self._is_whole(done):
                break
            whole.append(done)
        return whole

    def rewind(self, done: Sequence[Done]) -> None:
        """A journal of these chunks alone."""
        with _saying(self._said):
            lines = b"".join(canonical(one) + b"\n" for one in done)
            _write(self.folder / _JOURNAL, lines)
            self.out.mkdir(exist_ok=True)

    def keep(self, number: int, data: memoryview) -> tuple[str, Digest]:
        """The file of a chunk, by number and content."""
        digest = sha256(data)
        name = f"{number:08}-{digest[:12]}"
        with _saying(self._said):
            (self.folder / name).write_bytes(data)
        return name, digest

    def keep_file(self, number: int, write: Callable[[Path], None]) -> tuple[str, Digest]:
        """The same for one that is written by `write`."""
        draft = self.folder / f"{number:08}.part"
        write(draft)
        with _saying(self._said):
            digest = sha256_file(draft)
            name = f"{number:08}-{digest[:12]}"
            draft.replace(self.folder / name)
        return name, digest

    def note(self, done: Done) -> None:
        """The chunk is done: here is the moment at which a resumed job skips it."""
        with _saying(self._said), (self.folder / _JOURNAL).open("ab") as journal:
            journal.write(canonical(done) + b"\n")

    def drop(self, names: Sequence[str]) -> None:
        """Chunks that went into a whole file are needed no more."""
        with _saying(self._said), (self.folder / _JOURNAL).open("ab") as journal:
            os.fsync(journal.fileno())  # or else it may forget them, and somebody look for them
        for name in names:
            with suppress(OSError):
                (self.folder / name).unlink()

    def begin_commit(self, commit: Commit) -> None:
        """From here on, the output may be there."""
        with _saying(self._said):
            _write(self.folder / _COMMIT, canonical(commit))

    def remove(self) -> None:
        """Nothing is left."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_whole(self, done: Done) -> bool:
        if not done.file:
            return False
        files = [(done.file, done.digest), (done.rejects, done.rejects_digest)]
        return all(self._holds(name, digest) for name, digest in files if name)

    def _holds(self, name: str, digest: Digest) -> bool:
        try:
            return sha256_file(self.folder / name) == digest
        except OSError:
            return False


def receipt_of(root: Path, place: str) -> Commit | None:
    """What was last finished at a place."""
    return _read(_receipt(root, place), Commit)


def write_receipt(root: Path, place: str, commit: Commit) -> None:
    """Remember it; failing to is no error: then the output is merely there."""
    path = _receipt(root, place)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, canonical(commit))


def _receipt(root: Path, place: str) -> Path:
    full = place if "://" in place else os.path.realpath(place)
    return root / ".keepfit" / "predicted" / f"{sha256(full.encode())[:32]}.json"


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(data)
    draft.replace(path)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: a file that is open cannot be removed, which must do
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it may have ended a moment ago, and removed it.
        held = path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())
    except BlockingIOError:
        held = False
    except OSError:
        return  # a file system without locks
    if not held:
        raise Refused(
            f"somebody predicts into this output now: {path.parent} is in use",
            hint="wait for it, or name another output",
        )


@contextmanager
def _saying(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(place, error) from error


def unwritable(place: str, error: OSError) -> SinkError:
    """The error in words, with what keeps the work that is done."""
    told = _NUMBER.search(str(error))  # polars raises OSErrors that know their number in words only
    number = error.errno or (int(told[1]) if told else 0)
    hint = "see who may write there, or name another place"
    if number in _FULL:
        hint = "make room there and run the same command again: it goes on from where it stopped"
    return SinkError(f"{place} cannot be written: {error.strerror or error}", hint=hint)
