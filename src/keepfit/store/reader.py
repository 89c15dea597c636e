"""What there is in a store: models, their states, and versions with every byte verified."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

from keepfit.errors import Corrupt, UnknownName
from keepfit.names import Reference, check_name
from keepfit.records.version import Manifest
from keepfit.store import format as mark
from keepfit.store import keys, versions
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.backends.steps import Steps, drive, get_many
from keepfit.store.log import events
from keepfit.store.log.log import read, read_all, read_unhinted
from keepfit.store.log.nouns import Entry, VersionState
from keepfit.store.log.pages import Page, unpack
from keepfit.store.log.reading import unchained
from keepfit.store.log.seen import Seen
from keepfit.store.log.shortcut import Glance, by_hint, glance
from keepfit.store.log.state import State
from keepfit.store.log.tape import Anchor, Log
from keepfit.store.resolve import deleted, named, published, resolve

T = TypeVar("T")

_AT_ONCE = 16  # records that are asked for at a time
_SHORTEST, _LONGEST = 0.005, 0.05  # seconds of a pause, doubled by each try


class Reader:
    """The models of a store, read and never changed.

    StoreError if the store fails, Corrupt if what it holds is not what was written, or is not what
    was `seen` of it before.
    """

    def __init__(
        self,
        objects: ObjectStore,
        *,
        entropy: Callable[[int], bytes] = os.urandom,
        sleep: Callable[[float], None] = time.sleep,
        seen: Seen | None = None,
    ) -> None:
        self._objects, self._entropy, self._sleep = objects, entropy, sleep
        self._seen = seen
        self._logs: dict[str, Log] = {}  # as far as they were read
        self._glances: dict[str, Glance] = {}  # of those of which no more was asked
        self._checked = False

    def models(self) -> list[str]:
        """Every model that has a log, sorted."""
        self._check()
        found = self._objects.folders(keys.MODELS)
        return [name for name in found if self._objects.size(keys.record(name, 0)) is not None]

    def state(self, model: str) -> State:
        """The model's state now; an empty one for a model that nobody began."""
        return self._keep(self._read(model))

    def history(self, model: str, limit: int) -> tuple[Entry, ...]:
        """The newest records, as many as `limit`, the newest last; void ones say why they are."""
        state = self.state(model)
        entries = state.entries[-limit:] if limit > 0 else []
        missing = min(limit, state.next) - len(entries)
        older = range(state.next - len(entries) - missing, state.next - len(entries))
        return (*self._entries(model, state, older), *entries)

    def retold(self, model: str) -> State:
        """The state as the log tells it from its first record on, whatever hints and checkpoints
        say; from here on this reader goes on from it."""
        check_name("model", model)
        self._check()
        return self._keep(self._drive(read_all(model)))

    def records(self, model: str, seqs: Sequence[int]) -> list[events.Any]:
        """The records in these slots; Corrupt where there is none."""
        return [entry.event for entry in self._entries(model, self.state(model), seqs)]

    def done(self, model: str, op: str) -> events.Any | None:
        """The record by which an operation was done; None if it is not one of the newest."""
        state = self.state(model)
        seq = state.ops.get(op)
        return None if seq is None else self._entries(model, state, [seq])[0].event

    def resolve(self, reference: Reference, stages: Collection[str]) -> VersionState:
        """The version that a reference names; UnknownName with what there is."""
        if reference.selector in stages and (held := self._glance(reference)):
            return held
        return resolve(self._begun(reference.model), reference, stages)

    def named(self, reference: Reference) -> VersionState:
        """The version by number or label, deleted or not; UnknownName with what there is."""
        return named(self._begun(reference.model), reference)

    def _begun(self, model: str) -> State:
        """The state of a model that has a log; UnknownName with those that have one."""
        state = self.state(model)
        if not state.next:
            hint = "its first version comes with: keepfit run"
            raise UnknownName("model in the store", model, self.models(), hint=hint)
        return state

    def manifest(self, model: str, version: str) -> Manifest:
        """The version's manifest; Corrupt if it is not the one that was published."""
        return self._drive(versions.read_manifest(model, self._published(model, version)))

    def recipe(self, model: str, version: VersionState) -> tuple[Manifest, dict[str, bytes]]:
        """The manifest and the files that are there, of a version that is not gone for good.

        All of its files, or where only its recipe is kept, that; Corrupt if a byte was changed.
        """
        if version.status == "purged":
            raise deleted(model, version)
        manifest = self._drive(versions.read_manifest(model, version))
        names = [file.path for file in manifest.files if file.path not in version.gone]
        return manifest, self._drive(versions.read_files(model, version, names))

    def files(
        self, model: str, version: str, names: Collection[str] | None = None
    ) -> dict[str, bytes]:
        """The version's files by path, all or those named; Corrupt if a byte was changed."""
        return self._drive(versions.read_files(model, self._published(model, version), names))

    def _check(self) -> None:
        if not self._checked:
            self._checked = self._drive(mark.check()) is not None

    def _log(self, model: str) -> Log:
        check_name("model", model)
        self._check()
        if self._seen and model not in self._logs:
            self.state(model)  # nothing is written to a log whose past has changed
        return self._logs.get(model) or Log(model)

    def _read(self, model: str) -> Log:
        check_name("model", model)
        known = self._logs.get(model) or self._drive(by_hint(model))
        if known is None:
            self._check()
            return self._drive(read_unhinted(model))
        # Who left the hint had looked at the mark, and a mark is written once.
        return self._drive(read(known))

    def _glance(self, reference: Reference) -> VersionState | None:
        """What a stage holds, where nothing was written since the hint that tells it."""
        model = reference.model
        check_name("model", model)
        if model in self._logs:
            return None
        known = self._glances.pop(model, None) or self._drive(glance(model))
        if known is None or self._objects.get(keys.record(model, known.seq + 1)) is not None:
            return None
        if self._seen and not self._seen.ends(model, Anchor(known.seq, known.last)):
            return None
        self._glances[model] = known
        return known.held.get(reference.selector)

    def _keep(self, log: Log) -> State:
        if self._seen:
            if log.model not in self._logs:
                self._drive(self._seen.check(log))
            self._seen.note(log)
        self._logs[log.model] = log
        return log.state.reading(partial(self._page, log.model))

    def _entries(self, model: str, state: State, seqs: Sequence[int]) -> list[Entry]:
        entries = []
        for start in range(0, len(seqs), _AT_ONCE):
            some = seqs[start : start + _AT_ONCE]
            wanted = [keys.record(model, seq) for seq in some]
            found = get_many(self._objects, wanted)
            for seq, key, data in zip(some, wanted, found, strict=True):
                if data is None:
                    raise Corrupt(f"{key} is gone", hint="restore it from a backup")
                entries.append(Entry(unchained(key, data, seq=seq), state.void.get(seq)))
        return entries

    def _page(self, model: str, page: Page) -> bytes:
        key = keys.page(model, page.last, page.digest)
        return unpack(page, key, self._objects.get(key))

    def _published(self, model: str, version: str) -> VersionState:
        return published(self.state(model), model, version)

    def _drive(self, steps: Steps[T]) -> T:
        return drive(steps, self._objects, self._pause)

    def _pause(self, tries: int) -> None:
        longest = min(_LONGEST, _SHORTEST * 2**tries)
        chance = int.from_bytes(self._entropy(4), "big") / 2**32
        self._sleep(longest * chance)
