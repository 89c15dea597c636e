"""What is kept in a store and what is not: pins, and the removal of what no rule keeps."""

from __future__ import annotations

from collections.abc import Callable

from keepfit.store.collect import Removed, remove
from keepfit.store.events import Pin, Unpin, Untombstone
from keepfit.store.leftovers import drafts
from keepfit.store.log import Draft
from keepfit.store.nouns import VersionState
from keepfit.store.removal import Removal, Survey, Terms
from keepfit.store.resolve import deleted
from keepfit.store.state import State
from keepfit.store.survey import survey
from keepfit.store.writer import Writer


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
            if held.status == "purged":
                raise deleted(model, held)
            return held.status == "live"

        return self._unless(back, Untombstone, model, version, op=op)

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
