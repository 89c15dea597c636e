"""What a survey finds that no reader needs: files of attempts that are over, judgements of what is
gone, old checkpoints and pages, drafts."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from keepfit.digest import Digest
from keepfit.store import keys
from keepfit.store.backends.steps import Get, Keys, Modified, Now, Steps
from keepfit.store.log import checkpoint
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.state import State
from keepfit.store.upkeep.books import Books, digest_in, sizes, spoken
from keepfit.store.upkeep.recipes import places
from keepfit.store.upkeep.removal import Removal


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
    size = yield from sizes(old)
    why = f"nobody has finished them for {spoken(after)}"
    return [Removal("sweep", "drafts", why, keys=tuple(old), size=size)] if old else []


def files(books: Books) -> Steps[None]:
    """Files of attempts that are over: late ones, or those of a collector that was stopped."""
    dead, known = _fates(books)
    reduced = {key for row in books.versions for key in places(books.model, row, row.gone)}
    left: dict[str, list[str]] = {}
    found: list[str] = yield Keys(keys.versions(books.model))
    for key in found:
        steps = key.split("/")
        attempt = steps[4] if len(steps) > 5 else ""
        if (attempt in dead and steps[3] == dead[attempt]) or key in reduced:
            left.setdefault(f"{steps[3]} ({attempt})", []).append(key)
        elif attempt not in known:
            books.survey.strangers.append(key)
    for name, files in left.items():
        size = yield from sizes(files)
        books.add(Removal("sweep", name, "the attempt is over", keys=tuple(files), size=size))


def _fates(books: Books) -> tuple[dict[str, str], set[str]]:
    """Attempts whose files may be deleted, with their versions, and all that the log knows."""
    state = books.log.state
    known = {row.attempt for row in books.versions} | state.attempts.keys()
    dead = {row.attempt: row.version for row in books.versions if row.status == "purged"}
    dead |= {attempt: row.version for row in books.versions for attempt in row.dead}
    for attempt, held in state.attempts.items():
        if held.status == "aborted" and held.claim in state.claims:
            dead[attempt] = state.claims[held.claim].version
        elif held.status == "aborted" and held.version:
            dead[attempt] = held.version
    return dead, known | dead.keys()


def evidence(books: Books) -> Steps[None]:
    """Evidence that was gathered later, on versions that are all gone."""
    needed = {d for row in books.versions if row.status != "purged" for d in _judged_by(row)}
    gone = {d for row in books.versions if row.status == "purged" for d in _judged_by(row)}
    found: list[str] = yield Keys(keys.all_evidence(books.model))
    old = [key for key in found if digest_in(key) in gone - needed]
    if old:
        size = yield from sizes(old)
        why = "their versions are gone"
        books.add(Removal("sweep", "judgements", why, keys=tuple(old), size=size))


def _judged_by(row: VersionState) -> set[Digest]:
    return {row.evidence, *(verdict.evidence for verdict in row.verdicts)}


def derived(books: Books) -> Steps[None]:
    """Heartbeats of attempts that are over, and checkpoints and pages that are long superseded."""
    state, model = books.log.state, books.model
    open_ = {attempt for attempt, known in state.attempts.items() if known.status == "open"}
    beats: list[str] = yield Keys(keys.heartbeats(model))
    silent = [key for key in beats if key.rpartition("/")[2] not in open_]
    old, left = yield from _superseded(books)
    pages = yield from _unnamed_pages(books, left)
    gone = [*silent, *old, *pages]
    if gone:
        size = yield from sizes(gone)
        why = "the log tells it as well"
        books.add(Removal("sweep", "old checkpoints", why, keys=tuple(gone), size=size))


def _superseded(books: Books) -> Steps[tuple[list[str], list[str]]]:
    """Checkpoints that have had a newer one for days, and the others."""
    found: list[str] = yield Keys(keys.checkpoints(books.model))
    old = []
    for key, newer in pairwise(found):
        written = yield Modified(newer)
        if not books.older(written, books.terms.grace):
            break
        old.append(key)
    return old, found[len(old) :]


def _unnamed_pages(books: Books, checkpoints: list[str]) -> Steps[list[str]]:
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
        if key not in named and books.older(written, books.terms.grace):
            old.append(key)
    return old


def _named(model: str, state: State) -> set[str]:
    pages = checkpoint.pages_of(state)
    return {keys.page(model, page.last, page.digest) for page in pages}
