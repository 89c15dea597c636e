"""How anything gets into a store: by a record that somebody drafts, appended to a model's log."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any

from keepfit.digest import canonical
from keepfit.store import format as mark
from keepfit.store.backends.objects import Foresees, ObjectStore
from keepfit.store.log.log import Decide, Draft, append
from keepfit.store.log.nouns import iso
from keepfit.store.log.seen import Seen
from keepfit.store.log.state import State
from keepfit.store.log.statement import Signer, signing
from keepfit.store.reader import Reader
from keepfit.store.resolve import published
from keepfit.store.ulid import ulid


class Writer(Reader):
    """A reader that may also write, as `actor`."""

    def __init__(  # noqa: PLR0913 the world around a writer
        self,
        objects: ObjectStore,
        *,
        clock: Callable[[], datetime],
        actor: str,
        entropy: Callable[[int], bytes] = os.urandom,
        sleep: Callable[[float], None] = time.sleep,
        seen: Seen | None = None,
    ) -> None:
        super().__init__(objects, entropy=entropy, sleep=sleep, seen=seen)
        self._clock, self._actor = clock, actor
        self._foresees = objects if isinstance(objects, Foresees) else None
        self._marked = False

    @property
    def actor(self) -> str:
        """Who writes."""
        return self._actor

    def now(self) -> datetime:
        """The time that records are given."""
        return self._clock()

    def attempt(self) -> str:
        """A name for a folder that nobody else ever uses."""
        return ulid(self._clock(), self._entropy)

    def _about(  # noqa: PLR0913 the facts of a record, and who signs it
        self,
        kind: Callable[..., Any],
        model: str,
        version: str,
        look: Callable[[State], None] = lambda _: None,
        *,
        op: str | None,
        signer: Signer | None = None,
        **facts: Any,
    ) -> State:
        op = op or self.attempt()
        actor = signer.name if signer else self._actor
        draft = self._draft(kind, op, version=version, actor=actor, **facts)

        def decide(state: State) -> Draft:
            held = published(state, model, version)
            look(state)
            return signing(draft, signer, model, held.manifest) if signer else draft

        return self._append(model, op, decide)

    def _draft(self, kind: Callable[..., Any], op: str, **facts: Any) -> Draft:
        at = iso(self._clock())
        return partial(kind, **{"op": op, "actor": self._actor, "at": at, **facts})

    def _append(self, model: str, op: str, decide: Decide) -> State:
        self._mark()
        return self._keep(self._drive(append(self._log(model), op, decide)))

    def _foreseeing(self, model: str, draft: Draft) -> AbstractContextManager[None]:
        """A block that appends `draft`: most likely it is the next record of the log as known."""
        if not self._foresees:
            return nullcontext()
        log = self._log(model)
        return self._foresees.foreseeing(canonical(draft(seq=log.state.next, prev=log.head)))

    def _mark(self) -> None:
        if not self._marked:
            self._drive(mark.ensure(self._entropy))
            self._checked = self._marked = True
