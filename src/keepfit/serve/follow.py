"""Following a stage: look, fetch, verify, try on recorded examples, and only then take over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from keepfit.config.schema.serving import Answering
from keepfit.errors import KeepfitError
from keepfit.lifecycle.open import fetch_version, needed_to_predict, trusted
from keepfit.lifecycle.releasing.trust import Trust
from keepfit.names import Reference
from keepfit.serve.served import Served, observed
from keepfit.serve.slots import Slot
from keepfit.store.registry import Registry

_LONGEST = 600.0  # seconds between two tries at a version that was refused


class Source(Protocol):
    """Where versions come from; its methods block."""

    # the digest of the manifest of what ought to be served now, and what that goes on from
    def wanted(self) -> str: ...

    # that version, verified, and loaded as far as it takes to answer
    def load(self) -> Served: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """What a reference names in a registry, now and later."""

    registry: Registry
    reference: Reference
    stages: tuple[str, ...]
    root: Path  # the project's folder
    trust: Callable[[str], Trust] = Trust.of_nobody
    answering: Answering | None = None  # what the file of models says of answers, if it has any

    def wanted(self) -> str:
        """The manifest of the version that is named, and what a forecast goes on from.

        UnknownName where there is none."""
        manifest = trusted(self.registry, self.reference, self.stages, self.trust).manifest
        return manifest + observed(self.answering, self.root)

    def load(self) -> Served:
        """That version; Corrupt, NotApproved or UserError for one that must not be served."""
        version = trusted(self.registry, self.reference, self.stages, self.trust)
        fetched = fetch_version(
            self.registry, self.reference.model, version, wanted=needed_to_predict
        )
        return ready(Served(fetched, self.root, self.answering))


def ready(served: Served) -> Served:
    """The same once it has answered its examples as recorded, by either of its paths."""
    served.warm()
    served.observe()
    return served


@dataclass(slots=True)
class Follower:
    """Keeps a slot at what its source wants; a bad version leaves the old one where it is."""

    slot: Slot
    source: Source
    tell: Callable[[str, str], None]  # "taken" or "refused", and a sentence
    clock: Callable[[], float]
    wait: float  # seconds from a refusal to the next try; doubled by each
    _refused: str = ""  # the manifest that was refused
    _again: float = 0.0  # not before this moment
    _pause: float = 0.0

    def first(self) -> Served:
        """What is wanted at the start; whatever is wrong with it is raised."""
        return self.source.load()

    def look(self) -> Served | None:
        """Another version than the one that answers, if it is wanted and fit; blocks meanwhile."""
        try:
            wanted = self.source.wanted()
            now = self.slot.served
            if now is not None and wanted == now.wanted:
                self.slot.alarm = self._refused = ""
                return None
            if wanted == self._refused and self.clock() < self._again:
                return None
        except Exception as error:  # noqa: BLE001 the old version answers on, whatever it was
            self._alarm(f"cannot see what to serve: {_told(error)}")
            return None
        try:
            served = self.source.load()
        except Exception as error:  # noqa: BLE001 the same
            self._remember(wanted)
            self._alarm(f"does not take over: {_told(error)}")
            return None
        self.slot.alarm = self._refused = ""
        return served

    def take(self, served: Served) -> None:
        """Let it answer from now on."""
        self.slot.served = served
        self.tell("taken", f"{served.name} answers")

    def _remember(self, manifest: str) -> None:
        self._pause = min(self._pause * 2, _LONGEST) if manifest == self._refused else self.wait
        self._refused, self._again = manifest, self.clock() + self._pause

    def _alarm(self, why: str) -> None:
        now = self.slot.served
        kept = f"{now.name} answers on" if now else "nothing answers"
        if self.slot.alarm != why:
            self.tell("refused", f"{self.slot.model}: what the stage holds {why}; {kept}")
        self.slot.alarm = why


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, KeepfitError) else f"{type(error).__name__}: {error}"
