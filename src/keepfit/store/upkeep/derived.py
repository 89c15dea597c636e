"""What a log tells too: checkpoints, pages, hints, views. Held against the log, and made again."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.digest import sha256
from keepfit.errors import Corrupt
from keepfit.store import keys, view
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.backends.steps import Steps, drive
from keepfit.store.log import checkpoint
from keepfit.store.log.pages import Page, unpack
from keepfit.store.log.shortcut import by_hint, glance, held, leave, save
from keepfit.store.log.tape import Log
from keepfit.store.upkeep.ledger import Ledger
from keepfit.store.upkeep.verify import Symptom


def look_at_derived(objects: ObjectStore, ledger: Ledger) -> Iterator[Symptom]:
    """What of it would mislead a reader."""
    for key in wrong_keys(objects, ledger):
        text = f"{key} does not say what the log says: keepfit doctor --repair makes it again"
        yield Symptom(ledger.model, "derived", text)
    for key in missing_keys(objects, ledger):
        text = f"{key} is gone: keepfit doctor --repair makes it again"
        yield Symptom(ledger.model, "derived", text, harm=False)


def missing_keys(objects: ObjectStore, ledger: Ledger) -> Iterator[str]:
    """The keys of what need not be there, but helps people, or readers to be quick."""
    if ledger.damage:
        return
    wanted = [keys.view(ledger.model, stage) for stage in ledger.state.stages]
    if ledger.checkpoints:
        wanted.append(keys.hint(ledger.model))
    yield from (key for key in wanted if objects.size(key) is None)


def wrong_keys(objects: ObjectStore, ledger: Ledger) -> Iterator[str]:
    """The keys of objects that could mislead, and of pages that are missing."""
    model = ledger.model
    if ledger.damage:
        return  # who knows what the log would say
    for key, digest in ledger.checkpoints.items():
        if _digest_at(objects, key) != digest or digest is None:
            yield key
    needed = {_place(model, page): page for page in checkpoint.pages_of(ledger.state)}
    for key in sorted(needed.keys() | set(objects.keys(keys.pages(model)))):
        if not _is_page(objects, key, needed.get(key)):
            yield key
    if not _hint_is_true(objects, ledger):
        yield keys.hint(model)
    yield from _wrong_views(objects, ledger)


def repair(objects: ObjectStore, ledger: Ledger) -> list[str]:
    """The keys of what was made again, or taken away because the log tells it as well."""
    wrong, missing = list(wrong_keys(objects, ledger)), list(missing_keys(objects, ledger))
    for key in wrong:
        objects.delete(key)
        ledger.checkpoints.pop(key, None)
    again = wrong + missing
    if again and ledger.head:
        log = Log(ledger.model, ledger.state, ledger.head)
        drive(_again(log), objects, lambda _: None)
    return again


def _again(log: Log) -> Steps[Log]:
    for stage in log.state.stages:
        yield from view.show(log.model, log.state, stage)
    log = yield from save(log)
    return (yield from leave(log))


def _digest_at(objects: ObjectStore, key: str) -> str | None:
    try:
        data = objects.get(key)
    except Corrupt:
        return ""
    return None if data is None else sha256(data)


def _place(model: str, page: Page) -> str:
    return keys.page(model, page.last, page.digest)


def _is_page(objects: ObjectStore, key: str, page: Page | None) -> bool:
    if page is None:
        return True  # of an earlier checkpoint: whoever reads it looks at its digest
    try:
        unpack(page, key, objects.get(key))
    except Corrupt:
        return False
    return True


def _wrong_views(objects: ObjectStore, ledger: Ledger) -> Iterator[str]:
    """Views that tell something else than the stage holds; there need not be one."""
    for stage in ledger.state.stages:
        key = keys.view(ledger.model, stage)
        right = sha256(view.shown(ledger.model, ledger.state, stage))
        if _digest_at(objects, key) not in (None, right):
            yield key


def _hint_is_true(objects: ObjectStore, ledger: Ledger) -> bool:
    if objects.size(keys.hint(ledger.model)) is None:
        return True  # there need not be one
    log = drive(by_hint(ledger.model), objects, lambda _: None)
    said = drive(glance(ledger.model), objects, lambda _: None)
    if log is None or said is None:
        return False
    if (said.seq, said.held) != (log.state.next - 1, held(log.state)):
        return False
    # The record in its slot, not the ledger's: somebody may have written since.
    return _digest_at(objects, keys.record(ledger.model, log.state.next - 1)) == log.head
