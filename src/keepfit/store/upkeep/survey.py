"""What a collection could remove from a model's folder, and why. Nothing is written here.

What may go is told by the log; the store's own clock only tells when to try. Objects that no
record explains are reported and left alone.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from keepfit.digest import canonical
from keepfit.store import keys
from keepfit.store.backends.steps import Modified, Now, Steps
from keepfit.store.log.log import read, sure
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.tape import Log, answered
from keepfit.store.upkeep import leftovers, recipes, survey_parts
from keepfit.store.upkeep.books import Books, below, spoken
from keepfit.store.upkeep.removal import Kept, Removal, Survey, Terms


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
    parts = yield from survey_parts.all_parts(log)
    stored = frozenset(part.attempt for part in parts)
    where = {part.part.digest: part for part in reversed(parts)}
    books = Books(log, why, terms, now, versions, where, stored, Survey(log, terms))
    yield from _attempts(books)
    yield from _versions(books)
    yield from leftovers.files(books)
    yield from leftovers.evidence(books)
    yield from survey_parts.parts(books)
    yield from leftovers.derived(books)
    return books.survey


def all_versions(log: Log) -> Steps[list[VersionState]]:
    """Every version there is or was, page by page."""
    shelf = log.state.versions
    rows = list(shelf.recent.values())
    for place in range(len(shelf.pages)):
        rows += yield from answered(log, partial(shelf.valid, place))
    return rows


def _attempts(books: Books) -> Steps[None]:
    """Attempts at versions that show no sign of life."""
    for attempt, known in books.log.state.attempts.items():
        if known.status != "open":
            continue
        version = known.version or books.log.state.claims[known.claim or ""].version
        sign = yield Modified(keys.heartbeat(books.model, attempt))
        begun = yield Modified(keys.record(books.model, known.seq))
        if books.older(max(filter(None, (sign, begun)), default=None), books.terms.silent):
            folder = keys.version_folder(books.model, version, attempt)
            found, size = yield from below(folder)
            why = f"no sign of life for {spoken(books.terms.silent)}"
            books.add(Removal("abort", version, why, attempt, keys=found, size=size))


def _versions(books: Books) -> Steps[None]:
    for row in sorted(books.versions, key=lambda row: row.seq):
        if row.status == "live":
            yield from _live(books, row)
        elif row.status == "tombstoned":
            yield from recipes.hidden(books, row)
        elif row.status == "recipe":
            yield from recipes.kept(books, row)


def _live(books: Books, row: VersionState) -> Steps[None]:
    why = books.why(row)
    if why is None:
        published = yield Modified(keys.record(books.model, row.seq))
        if not books.older(published, books.terms.young):
            why = f"it is younger than {spoken(books.terms.young)}"
    if why is not None:
        books.survey.kept.append(Kept(row.version, why))
        return
    size = yield from _size_of(books.model, row)
    books.add(Removal("tombstone", row.version, "no rule keeps it", size=size))


def _size_of(model: str, row: VersionState) -> Steps[int]:
    manifest = yield from recipes.manifest_of(model, row)
    return len(canonical(manifest)) + sum(f.size for f in manifest.files) if manifest else 0
