"""What is kept in a store and what is not: pins, and the removal of what no rule keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext

from keepfit.digest import digest_of
from keepfit.records.version import Manifest
from keepfit.store import keys, versions
from keepfit.store.heartbeat import beating
from keepfit.store.log.events import Pin, Reopen, Restore, Unpin, Untombstone
from keepfit.store.log.log import Draft
from keepfit.store.log.nouns import VersionState
from keepfit.store.log.state import State
from keepfit.store.resolve import deleted
from keepfit.store.upkeep.collect import Removed, remove
from keepfit.store.upkeep.leftovers import drafts
from keepfit.store.upkeep.removal import Removal, Survey, Terms
from keepfit.store.upkeep.survey import survey
from keepfit.store.writer import Writer

LARGE = 64 << 20  # bytes; fewer are written long before anybody takes the attempt for dead


class Keeping(Writer):
    """A writer that also decides what stays."""

    def pin(self, model: str, version: str, reason: str, *, op: str | None = None) -> State:
        """Keep the version, whatever the rules say; Refused if it was deleted."""
        return self._about(Pin, model, version, op=op, reason=reason)

    def unpin(self, model: str, version: str, *, op: str | None = None) -> State:
        """Let the rules decide again; a version that is not pinned stays as it is."""
        return self._unless(lambda held: held.pinned is None, Unpin, model, version, op=op)

    def undelete(self, model: str, version: str, *, op: str | None = None) -> State:
        """Have a version back that was deleted; Refused once that was for good."""

        def back(held: VersionState) -> bool:
            if held.status in {"recipe", "purged"}:
                raise deleted(model, held)
            return held.status == "live"

        return self._unless(back, Untombstone, model, version, op=op)

    def restore(
        self,
        model: str,
        version: str,
        files: Mapping[str, bytes],
        manifest: Manifest,
        *,
        op: str | None = None,
    ) -> State:
        """Have back the files of a version of which the recipe is kept; it is live then.

        Refused unless these files and this manifest are the very ones that were published. One
        that is live already stays as it is.
        """
        held = self.state(model).versions[version]
        if held.status == "live":
            return self.state(model)
        attempt = self.attempt()
        op = op or f"{held.op}/restore/{held.changed}"
        again = self._draft(Reopen, f"{op}/{attempt}", version=version, attempt=attempt)
        state = self._append(model, f"{op}/{attempt}", lambda s: None if op in s.ops else again)
        if op in state.ops:
            return state
        folder = keys.version_folder(model, version, attempt)
        heartbeat = keys.heartbeat(model, attempt)
        large = sum(map(len, files.values())) > LARGE
        with beating(self._objects, heartbeat) if large else nullcontext():
            self._drive(versions.store(folder, files, manifest))
        draft = self._draft(Restore, op, attempt=attempt, manifest=digest_of(manifest))
        return self._append(model, op, lambda _: draft)

    def survey(self, model: str, terms: Terms) -> Survey:
        """What a collection would remove of a model, and what stays and why. Writes nothing."""
        found = self._drive(survey(self._log(model), terms))
        self._keep(found.log)
        return found

    def remove(self, seen: Survey, removal: Removal, *, op: str | None = None) -> Removed:
        """Carry out a removal of the survey, unless somebody has made use of it meanwhile."""
        self._mark()
        model = seen.log.model
        steps = remove(self._log(model), removal, op or self.attempt(), self._draft, seen)
        log, removed = self._drive(steps)
        self._keep(log)
        return removed

    def drafts(self) -> list[Removal]:
        """What killed processes left behind in the whole store."""
        return self._drive(drafts())

    def sweep(self, removal: Removal) -> Removed:
        """Delete what belongs to no model, and so needs no record."""
        for key in removal.keys:
            self._objects.delete(key)
        return Removed(removal, freed=removal.size)

    def _unless(
        self,
        already: Callable[[VersionState], bool],
        kind: Callable[..., object],
        model: str,
        version: str,
        *,
        op: str | None,
    ) -> State:
        op = op or self.attempt()
        draft = self._draft(kind, op, version=version)

        def decide(state: State) -> Draft | None:
            return None if already(state.versions[version]) else draft

        return self._append(model, op, decide)
