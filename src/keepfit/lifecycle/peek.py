"""Looking at rows without keeping them: what plan, evaluate and replay read, nothing is stored."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.files.parts import Parts
from keepfit.data.files.rows import rows_of
from keepfit.data.files.snapshot import freeze
from keepfit.data.prepare import Ready, ready
from keepfit.data.timeline import naive_utc
from keepfit.digest import Digest
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.records.rows import Part, Snapshot


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Peek:
    """Parts that are read where they lie; what the store has is read there.

    What was fetched from a cloud or a database lies nowhere for long: it is kept in a folder of
    its own, which goes when the Peek goes.
    """

    stored: Parts
    root: Path  # the project's folder, from which the addresses of local files count
    seen: dict[Digest, Path] = field(default_factory=dict)

    def known(self, digest: Digest) -> Part | None:
        return self.stored.known(digest)

    def add(self, parts: Sequence[tuple[Part, Path]]) -> None:
        fetched = [(part, path) for part, path in parts if self.root / part.uri != path]
        self.seen.update({part.digest: path for part, path in parts})
        self.seen.update(_kept(fetched, self._folder()) if fetched else {})

    def path(self, digest: Digest) -> Path:
        return self.seen.get(digest) or self.stored.path(digest)

    def _folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="keepfit-peek-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


def _kept(fetched: Sequence[tuple[Part, Path]], folder: Path) -> dict[Digest, Path]:
    """Files that whoever fetched them is about to delete, copied to `folder`."""
    places = {part.digest: folder / f"{part.digest}.{part.format}" for part, _ in fetched}
    for part, path in fetched:
        shutil.copyfile(path, places[part.digest])
    return places


def look_at(  # noqa: PLR0913 which rows, said by name
    model: Model,
    ports: Ports,
    *,
    spec: ModelSpec | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: datetime | None = None,
) -> tuple[Snapshot, Peek]:
    """What the sources hold now, within these times, without storing any of it.

    `since` and `until` are a span of its own; `before` leaves the window of training as it is, and
    only what comes later out.
    """
    peek = Peek(ports.registry.parts(model.name), model.root)
    wanted = spec or model.spec
    if since or until:
        # The span asked for stands in for the window of training.
        data = wanted.data.model_copy(update={"window": None})
        wanted = wanted.model_copy(update={"data": data})
    snapshot = freeze(
        wanted, model.root, peek, until=until or before, environ=ports.environ, cache=ports.cache
    )
    if since:
        snapshot = _from(snapshot, since, wanted, peek)
    return snapshot, peek


def _from(snapshot: Snapshot, since: datetime, spec: ModelSpec, peek: Peek) -> Snapshot:
    later = msgspec.structs.replace(snapshot, since=naive_utc(since).isoformat())
    rows = rows_of(later, spec.data, peek.path).select(pl.len()).collect().item()
    return msgspec.structs.replace(later, rows=rows)


def ready_at(model: Model, snapshot: Snapshot, peek: Peek) -> Ready:
    """The snapshot's rows as training would see them, with a known target."""
    return ready(snapshot, model.spec, peek.path, root=model.root, transform=model.transform())
