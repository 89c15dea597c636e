"""What a survey finds among the frozen rows: parts that no version needs, dead uploads, copies."""

from __future__ import annotations

from functools import partial

from keepfit.digest import Digest
from keepfit.store import keys
from keepfit.store.backends.steps import Keys, Modified, Steps
from keepfit.store.log.nouns import StoredPart
from keepfit.store.log.state import parts_of
from keepfit.store.log.tape import Log, answered
from keepfit.store.upkeep.books import Books, digest_in, sizes, spoken
from keepfit.store.upkeep.removal import Removal, What


def all_parts(log: Log) -> Steps[list[StoredPart]]:
    """Every part that was stored, page by page."""
    rows = list(log.state.parts.values())
    library = log.state.versions.library
    for page in reversed(log.state.part_pages):
        found = yield from answered(log, partial(library.rows, page, parts_of))
        rows += found.values()
    return rows


def parts(books: Books) -> Steps[None]:
    """Parts that no version needs, those of attempts that died, and copies of others."""
    needed = {d for row in books.versions if row.status != "purged" for d in row.parts}
    found: list[str] = yield Keys(keys.parts(books.model))
    folders: dict[str, list[str]] = {}
    for key in found:
        steps = key.split("/")
        if len(steps) == 5 and len(digest_in(key)) == 64:
            folders.setdefault(steps[3], []).append(key)
        else:
            books.survey.strangers.append(key)
    for attempt, files in folders.items():
        yield from _part_folder(books, attempt, files, needed)


def _part_folder(books: Books, attempt: str, files: list[str], needed: set[Digest]) -> Steps[None]:
    known = books.log.state.attempts.get(attempt)
    if known and known.status == "aborted":
        size = yield from sizes(files)
        why = "the upload is over"
        books.add(Removal("sweep", f"rows ({attempt})", why, keys=tuple(files), size=size))
    elif known or attempt in books.stored:
        yield from _stored(books, attempt, files, needed)
    elif (yield from books.all_older(files)):
        size = yield from sizes(files)
        why = f"an upload that no record named for {spoken(books.terms.grace)}"
        name = f"rows ({attempt})"
        books.add(Removal("abort", name, why, attempt, (), tuple(files), size, stray=True))
    else:
        books.survey.strangers += files


def _stored(books: Books, attempt: str, files: list[str], needed: set[Digest]) -> Steps[None]:
    dropped = books.log.state.dropped
    gone, idle = [], []
    for key in files:
        digest = digest_in(key)
        copy = books.parts.get(digest)
        if (attempt, digest) in dropped:
            since = yield Modified(keys.record(books.model, dropped[attempt, digest]))
            if books.older(since, books.terms.grace):
                gone.append(key)
        elif digest not in needed or (copy and copy.attempt != attempt):
            idle.append(key)
    if gone:
        why = f"set aside {spoken(books.terms.grace)} ago"
        yield from _about_parts(books, "purge parts", attempt, gone, why)
    if idle and (yield from books.all_older(idle)):
        yield from _about_parts(books, "drop parts", attempt, idle, "no version needs them")


def _about_parts(books: Books, what: What, attempt: str, files: list[str], why: str) -> Steps[None]:
    size = yield from sizes(files)
    digests = tuple(map(digest_in, files))
    after = tuple(files) if what == "purge parts" else ()
    books.add(Removal(what, f"rows ({attempt})", why, attempt, digests, after, size))
