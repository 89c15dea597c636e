"""The doctor's visit: is the store what its logs say, and does it keep what they rely on?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from keepfit.errors import Corrupt, UnknownName
from keepfit.store import format as mark
from keepfit.store import keys
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.backends.probe import Trial, probe
from keepfit.store.backends.steps import drive
from keepfit.store.upkeep import derived, verify
from keepfit.store.upkeep.ledger import open_ledger
from keepfit.store.upkeep.verify import Symptom


@dataclass(frozen=True, slots=True)
class Visit:
    """What is looked at, and what may be done about it."""

    deep: bool = True  # every byte of versions and parts; else their sizes
    repair: bool = False  # make again what a log tells as well; no log record is ever touched


@dataclass(frozen=True, slots=True)
class Examined:
    """A model after the visit."""

    model: str
    records: int
    versions: int
    symptoms: tuple[Symptom, ...]
    repaired: tuple[str, ...] = ()  # keys of what was made again or taken away

    @property
    def healthy(self) -> bool:
        """Whether nothing is lost or misleading."""
        return not any(symptom.harm for symptom in self.symptoms)


def try_store(objects: ObjectStore, clock: Callable[[], datetime]) -> tuple[Trial, ...]:
    """What the store was put to, and whether it kept it; some 20 MB go there and back."""
    return tuple(probe(objects, clock=clock))


def look_at_mark(objects: ObjectStore) -> tuple[Symptom, ...]:
    """What is wrong with the mark of the store, without which nobody reads or writes it.

    StoreError where a newer keepfit made the store.
    """
    try:
        found = drive(mark.check(), objects, lambda _: None)
    except Corrupt as error:
        return (Symptom("", "store", str(error)),)
    if found is None and objects.folders(keys.MODELS):
        text = f"{keys.FORMAT} is gone: whoever writes next makes another"
        return (Symptom("", "store", text, harm=False),)
    return ()


def examine(objects: ObjectStore, models: Sequence[str], visit: Visit) -> Iterator[Examined]:
    """Each model with all that is wrong with it; StoreError where the store fails."""
    for model in models:
        yield _examine(objects, model, visit)


def _examine(objects: ObjectStore, model: str, visit: Visit) -> Examined:
    ledger = open_ledger(objects, model)
    repaired = tuple(derived.repair(objects, ledger)) if visit.repair else ()
    symptoms = (
        *verify.look_at_log(objects, ledger),
        *verify.look_at_versions(objects, ledger, deep=visit.deep),
        *verify.look_at_parts(objects, ledger, deep=visit.deep),
        *derived.look_at_derived(objects, ledger),
        *verify.look_for_leftovers(objects, ledger),
    )
    return Examined(model, ledger.state.next, len(ledger.versions), symptoms, repaired)


def models_in(objects: ObjectStore, asked: Sequence[str]) -> list[str]:
    """The models to look at: those asked for, else all of the store; UnknownName with a guess."""
    # Whatever has a folder: the log itself may be what is missing.
    found = objects.folders(keys.MODELS)
    for name in asked:
        if name not in found:
            raise UnknownName("model in the store", name, found)
    return list(asked or found)
