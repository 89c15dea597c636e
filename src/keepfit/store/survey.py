"""What a collection could remove from a model's folder, and why. Nothing is written here.

What may go is told by the log; the store's own clock only tells when to try. Objects that no
record explains are reported and left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Literal

import msgspec

from keepfit.digest import Digest
from keepfit.records import Manifest
from keepfit.store import checkpoint, keys
from keepfit.store.log import read, sure
from keepfit.store.nouns import StoredPart, VersionState
from keepfit.store.state import State, parts_of
from keepfit.store.steps import Get, Keys, Modified, Now, Size, Steps
from keepfit.store.tape import Log, answered

What = Literal["abort", "tombstone", "purge", "drop parts", "purge parts", "sweep"]


Why = Callable[[VersionState], str | None]  # why a live version stays, whatever its age, or None


@dataclass(frozen=True, slots=True)
class Terms:
    """When something may go."""

    kept: Callable[[State], Why]
    young: timedelta = timedelta(days=90)  # versions that are no older stay
    silent: timedelta = timedelta(hours=24)  # without a heartbeat an attempt is taken for dead
    grace: timedelta = timedelta(days=7)  # between out of sight and gone


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that stays, and why."""

    version: str
    why: str


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that may go now."""

    what: What
    name: str  # the version, the attempt, or what else people call it
    why: str
    attempt: str = ""  # what an abort or a record about parts names
    parts: tuple[Digest, ...] = ()
    keys: tuple[str, ...] = ()  # what is deleted after the record
    size: int = 0  # bytes that this frees, or will when its grace is over
    stray: bool = False  # no record named the attempt


@dataclass(slots=True)
class Survey:
    """What a collection would do."""

    log: Log
    terms: Terms
    kept: list[Kept] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)  # keys that no record explains


@dataclass(slots=True)
class _Books:
    """What the log and the listing say, while they are compared."""

    log: Log
    why: Why
    terms: Terms
    now: datetime
    versions: list[VersionState]
    parts: dict[Digest, StoredPart]  # the copy that versions read
    stored: frozenset[str]  # attempts that stored parts
    survey: Survey

    @property
    def model(self) -> str:
        return self.log.model

    def add(self, removal: Removal) -> None:
        self.survey.removals.append(removal)


def survey(log: Log, terms: Terms) -> Steps[Survey]:
    """What may go of a model, whose log is read to its end."""
    log = yield from sure(log)
    if not log.state.next:
        return Survey(log, terms)
    # The time first, the log after it: what was old by then, the log has told.
    now: datetime = yield Now()
    log = yield from read(log)
    why = yield from answered(log, lambda: terms.kept(log.state))
    versions = yield from all_versions(log)
    parts = yield from _all_parts(log)
    stored = frozenset(part.attempt for part in parts)
    where = {part.part.digest: part for part in reversed(parts)}
    books = _Books(log, why, terms, now, versions, where, stored, Survey(log, terms))
    yield from _attempts(books)
    yield from _versions(books)
    yield from _files(books)
    yield from _evidence(books)
    yield from _parts(books)
    yield from _leftovers(books)
    return books.survey


def drafts(after: timedelta = timedelta(days=1)) -> Steps[list[Removal]]:
    """Writes of whole stores that nobody finished: what a killed process leaves behind."""
    found: list[str] = yield Keys(keys.DRAFTS)
    if not found:
        return []
    now: datetime = yield Now()
    old = []
    for key in found:
        written = yield Modified(key)
        if written is not None and written + after <= now:
            old.append(key)
    size = yield from _sizes(old)
    why = f"nobody has finished them for {_span(after)}"
    return [Removal("sweep", "drafts", why, keys=tuple(old), size=size)] if old else []


def all_versions(log: Log) -> Steps[list[VersionState]]:
    """Every version there is or was, page by page."""
    shelf = log.state.versions
    rows = list(shelf.recent.values())
    for place in range(len(shelf.pages)):
        rows += yield from answered(log, partial(shelf.valid, place))
    return rows


def _all_parts(log: Log) -> Steps[list[StoredPart]]:
    rows = list(log.state.parts.values())
    library = log.state.versions.library
    for page in reversed(log.state.part_pages):
        found = yield from answered(log, partial(library.rows, page, parts_of))
        rows += found.values()
    return rows


def _attempts(books: _Books) -> Steps[None]:
    """Attempts at versions that show no sign of life."""
    for attempt, known in books.log.state.attempts.items():
        if known.status != "open" or known.claim is None:
            continue
        version = books.log.state.claims[known.claim].version
        sign = yield Modified(keys.heartbeat(books.model, attempt))
        begun = yield Modified(keys.record(books.model, known.seq))
        if _older(books, max(filter(None, (sign, begun)), default=None), books.terms.silent):
            folder = keys.version_folder(books.model, version, attempt)
            found, size = yield from _below(folder)
            why = f"no sign of life for {_span(books.terms.silent)}"
            books.add(Removal("abort", version, why, attempt, keys=found, size=size))


def _versions(books: _Books) -> Steps[None]:
    for row in sorted(books.versions, key=lambda row: row.seq):
        if row.status == "live":
            yield from _live(books, row)
        elif row.status == "tombstoned":
            yield from _hidden(books, row)


def _live(books: _Books, row: VersionState) -> Steps[None]:
    why = books.why(row)
    if why is None:
        published = yield Modified(keys.record(books.model, row.seq))
        if not _older(books, published, books.terms.young):
            why = f"it is younger than {_span(books.terms.young)}"
    if why is not None:
        books.survey.kept.append(Kept(row.version, why))
        return
    size = yield from _size_of(books.model, row)
    books.add(Removal("tombstone", row.version, "no rule keeps it", size=size))


def _hidden(books: _Books, row: VersionState) -> Steps[None]:
    since = yield Modified(keys.record(books.model, row.changed or 0))
    if _older(books, since, books.terms.grace):
        folder = keys.version_folder(books.model, row.version, row.attempt)
        found, size = yield from _below(folder)
        why = f"deleted {_span(books.terms.grace)} ago"
        books.add(Removal("purge", row.version, why, keys=found, size=size))
    else:
        end = since + books.terms.grace if since else None
        books.survey.kept.append(Kept(row.version, f"deleted; it can be had back until {end}"))


def _evidence(books: _Books) -> Steps[None]:
    """Evidence that was gathered later, on versions that are all gone."""
    needed = {d for row in books.versions if row.status != "purged" for d in _judged_by(row)}
    gone = {d for row in books.versions if row.status == "purged" for d in _judged_by(row)}
    found: list[str] = yield Keys(keys.all_evidence(books.model))
    old = [key for key in found if _digest(key) in gone - needed]
    if old:
        size = yield from _sizes(old)
        why = "their versions are gone"
        books.add(Removal("sweep", "judgements", why, keys=tuple(old), size=size))


def _judged_by(row: VersionState) -> set[Digest]:
    return {row.evidence, *(verdict.evidence for verdict in row.verdicts)}


def _files(books: _Books) -> Steps[None]:
    """Files of attempts that are over: late ones, or those of a collector that was stopped."""
    dead, known = _fates(books)
    left: dict[str, list[str]] = {}
    found: list[str] = yield Keys(keys.versions(books.model))
    for key in found:
        steps = key.split("/")
        attempt = steps[4] if len(steps) > 5 else ""
        if attempt in dead and steps[3] == dead[attempt]:
            left.setdefault(attempt, []).append(key)
        elif attempt not in known:
            books.survey.strangers.append(key)
    for attempt, files in left.items():
        size = yield from _sizes(files)
        name = f"{dead[attempt]} ({attempt})"
        books.add(Removal("sweep", name, "the attempt is over", keys=tuple(files), size=size))


def _fates(books: _Books) -> tuple[dict[str, str], set[str]]:
    """Attempts whose files may be deleted, with their versions, and all that the log knows."""
    state = books.log.state
    known = {row.attempt for row in books.versions} | state.attempts.keys()
    dead = {row.attempt: row.version for row in books.versions if row.status == "purged"}
    dead |= {attempt: row.version for row in books.versions for attempt in row.dead}
    for attempt, held in state.attempts.items():
        if held.status == "aborted" and held.claim in state.claims:
            dead[attempt] = state.claims[held.claim].version
    return dead, known | dead.keys()


def _parts(books: _Books) -> Steps[None]:
    """Parts that no version needs, those of attempts that died, and copies of others."""
    needed = {d for row in books.versions if row.status != "purged" for d in row.parts}
    found: list[str] = yield Keys(keys.parts(books.model))
    folders: dict[str, list[str]] = {}
    for key in found:
        steps = key.split("/")
        if len(steps) == 5 and len(_digest(key)) == 64:
            folders.setdefault(steps[3], []).append(key)
        else:
            books.survey.strangers.append(key)
    for attempt, files in folders.items():
        yield from _part_folder(books, attempt, files, needed)


def _part_folder(books: _Books, attempt: str, files: list[str], needed: set[Digest]) -> Steps[None]:
    known = books.log.state.attempts.get(attempt)
    if known and known.status == "aborted":
        size = yield from _sizes(files)
        why = "the upload is over"
        books.add(Removal("sweep", f"rows ({attempt})", why, keys=tuple(files), size=size))
    elif known or attempt in books.stored:
        yield from _stored(books, attempt, files, needed)
    elif (yield from _all_older(books, files)):
        size = yield from _sizes(files)
        why = f"an upload that no record named for {_span(books.terms.grace)}"
        name = f"rows ({attempt})"
        books.add(Removal("abort", name, why, attempt, (), tuple(files), size, stray=True))
    else:
        books.survey.strangers += files


def _stored(books: _Books, attempt: str, files: list[str], needed: set[Digest]) -> Steps[None]:
    dropped = books.log.state.dropped
    gone, idle = [], []
    for key in files:
        digest = _digest(key)
        copy = books.parts.get(digest)
        if (attempt, digest) in dropped:
            since = yield Modified(keys.record(books.model, dropped[attempt, digest]))
            if _older(books, since, books.terms.grace):
                gone.append(key)
        elif digest not in needed or (copy and copy.attempt != attempt):
            idle.append(key)
    if gone:
        why = f"set aside {_span(books.terms.grace)} ago"
        yield from _about_parts(books, "purge parts", attempt, gone, why)
    if idle and (yield from _all_older(books, idle)):
        yield from _about_parts(books, "drop parts", attempt, idle, "no version needs them")


def _about_parts(
    books: _Books, what: What, attempt: str, files: list[str], why: str
) -> Steps[None]:
    size = yield from _sizes(files)
    digests = tuple(map(_digest, files))
    after = tuple(files) if what == "purge parts" else ()
    books.add(Removal(what, f"rows ({attempt})", why, attempt, digests, after, size))


def _leftovers(books: _Books) -> Steps[None]:
    """Heartbeats of attempts that are over, and checkpoints and pages that are long superseded."""
    state, model = books.log.state, books.model
    open_ = {attempt for attempt, known in state.attempts.items() if known.status == "open"}
    beats: list[str] = yield Keys(keys.heartbeats(model))
    silent = [key for key in beats if key.rpartition("/")[2] not in open_]
    old, left = yield from _superseded(books)
    pages = yield from _unnamed_pages(books, left)
    gone = [*silent, *old, *pages]
    if gone:
        size = yield from _sizes(gone)
        why = "the log tells it as well"
        books.add(Removal("sweep", "old checkpoints", why, keys=tuple(gone), size=size))


def _superseded(books: _Books) -> Steps[tuple[list[str], list[str]]]:
    """Checkpoints that have had a newer one for days, and the others."""
    found: list[str] = yield Keys(keys.checkpoints(books.model))
    old = []
    for key, newer in pairwise(found):
        written = yield Modified(newer)
        if not _older(books, written, books.terms.grace):
            break
        old.append(key)
    return old, found[len(old) :]


def _unnamed_pages(books: _Books, checkpoints: list[str]) -> Steps[list[str]]:
    """Pages that neither the state names nor any checkpoint that somebody may come by."""
    model = books.model
    found: list[str] = yield Keys(keys.pages(model))
    named = _named(model, books.log.state)
    idle = [key for key in found if key not in named]
    for key in checkpoints if idle else ():
        seq = (keys.checkpoint_of(key) or (0, ""))[0]
        data: bytes | None = yield Get(key)
        told = checkpoint.decode(data, seq=seq) if data is not None else None
        named |= _named(model, told[0]) if told else set()
    old = []
    for key in idle:
        written = yield Modified(key)  # a young one may be about to be named
        if key not in named and _older(books, written, books.terms.grace):
            old.append(key)
    return old


def _named(model: str, state: State) -> set[str]:
    pages = checkpoint.pages_of(state)
    return {keys.page(model, page.last, page.digest) for page in pages}


def _size_of(model: str, row: VersionState) -> Steps[int]:
    key = f"{keys.version_folder(model, row.version, row.attempt)}/{keys.MANIFEST}"
    data: bytes | None = yield Get(key)
    if data is None:
        return 0
    try:
        files = msgspec.json.decode(data, type=Manifest).files
    except msgspec.DecodeError:
        return len(data)
    return len(data) + sum(file.size for file in files)


def _below(folder: str) -> Steps[tuple[tuple[str, ...], int]]:
    found: list[str] = yield Keys(folder)
    size = yield from _sizes(found)
    return tuple(found), size


def _sizes(found: list[str]) -> Steps[int]:
    total = 0
    for key in found:
        total += (yield Size(key)) or 0
    return total


def _all_older(books: _Books, files: list[str]) -> Steps[bool]:
    for key in files:
        written = yield Modified(key)
        if not _older(books, written, books.terms.grace):
            return False
    return True


def _older(books: _Books, moment: datetime | None, span: timedelta) -> bool:
    return moment is not None and moment + span <= books.now


def _digest(key: str) -> Digest:
    return key.rpartition("/")[2].partition(".")[0]


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:g} days"
