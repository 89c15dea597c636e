"""What a survey finds of versions that were deleted: to go for good, or to leave their recipe."""

from __future__ import annotations

from datetime import datetime

import msgspec

from keepfit.digest import sha256
from keepfit.records.version import Manifest
from keepfit.store import keys
from keepfit.store.backends.steps import Get, Modified, Steps
from keepfit.store.log.nouns import VersionState
from keepfit.store.upkeep.books import Books, below, sizes, spoken
from keepfit.store.upkeep.removal import Kept, Removal


def hidden(books: Books, row: VersionState) -> Steps[None]:
    """A version that is out of sight: once its grace is over it goes, or its recipe is kept."""
    since: datetime | None = yield Modified(keys.record(books.model, row.changed or 0))
    if not books.older(since, books.terms.grace):
        end = f"{since + books.terms.grace:%Y-%m-%d %H:%M} UTC" if since else "nobody knows when"
        books.survey.kept.append(Kept(row.version, f"deleted; it can be had back until {end}"))
        return
    why = f"deleted {spoken(books.terms.grace)} ago"
    files = yield from _made_again(books, row)
    if files:
        gone = places(books.model, row, files)
        size = yield from sizes(gone)
        books.add(Removal("reduce", row.version, why, files=files, keys=tuple(gone), size=size))
    else:
        yield from _for_good(books, row, why)


def kept(books: Books, row: VersionState) -> Steps[None]:
    """A version of which the recipe is kept, until its time is over."""
    since: datetime | None = yield Modified(keys.record(books.model, row.changed or 0))
    recipes = books.terms.recipes
    if since is None:
        return
    end = recipes.until(since) if recipes else since + books.terms.grace
    if end <= books.now:
        yield from _for_good(books, row, "its recipe has had its time")
    else:
        books.survey.kept.append(Kept(row.version, f"its recipe is kept until {end:%Y-%m-%d}"))


def places(model: str, row: VersionState, files: tuple[str, ...]) -> list[str]:
    """Where files of a version lie."""
    folder = keys.version_folder(model, row.version, row.attempt)
    return [f"{folder}/{path}" for path in files]


def manifest_of(model: str, row: VersionState) -> Steps[Manifest | None]:
    """The manifest, or None where it is gone or another than was published."""
    key = f"{keys.version_folder(model, row.version, row.attempt)}/{keys.MANIFEST}"
    data: bytes | None = yield Get(key)
    if data is None or sha256(data) != row.manifest:
        return None
    return msgspec.json.decode(data, type=Manifest)


def _for_good(books: Books, row: VersionState, why: str) -> Steps[None]:
    found, size = yield from below(keys.version_folder(books.model, row.version, row.attempt))
    books.add(Removal("purge", row.version, why, keys=found, size=size))


def _made_again(books: Books, row: VersionState) -> Steps[tuple[str, ...]]:
    """The files of a version that its recipe goes without; none where no recipe is to be kept."""
    if books.terms.recipes is None:
        return ()
    manifest = yield from manifest_of(books.model, row)
    files = manifest.files if manifest else ()
    return tuple(file.path for file in files if books.terms.recipes.made_again(file.path))
