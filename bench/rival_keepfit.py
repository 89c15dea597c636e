"""A registry in a folder: python rival_keepfit.py STORE PAYLOAD durable|scratch."""

from __future__ import annotations

import os
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path

from answering import answer_all

from keepfit.names import Reference
from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry

WRITING = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "store" / "writer.py"))
MODEL, STAGE = "fare", "production"
CHAMPION = Reference.parse(f"{MODEL}@{STAGE}")


class Keepfit:
    """A model of which version after version is published, as one process does it."""

    def __init__(self, store: Path, payload: Path, *, durable: bool) -> None:
        self._store, self._durable = store, durable
        self._files = {path.name: path.read_bytes() for path in payload.iterdir()}
        del self._files["MANIFEST.json"]  # ours is made anew for each version
        self._registry = self._opened()
        self._done = 0

    def publish(self) -> None:
        op = f"{os.getpid()}-{self._done}"
        self._newest = WRITING["publish"](self._registry, op, model=MODEL, files=self._files)
        self._done += 1

    def promote(self) -> None:
        held = self._registry.state(MODEL).stages.get(STAGE)
        expect = held.seq if held else None
        self._registry.promote(MODEL, self._newest, STAGE, expect=expect, how="gate")

    def resolve(self) -> None:
        self._resolve(self._registry)

    def resolve_afresh(self) -> None:
        self._resolve(self._opened())

    def list_afresh(self) -> None:
        versions = self._opened().state(MODEL).versions
        assert sum(1 for _ in versions.newest_first()) == len(versions)

    def _resolve(self, registry: Registry) -> None:
        assert registry.resolve(CHAMPION, (STAGE,)).version == self._newest

    def _opened(self) -> Registry:
        store = LocalStore(self._store, durable=self._durable)
        return Registry(store, clock=lambda: datetime.now(UTC), actor="bench")


if __name__ == "__main__":
    folder, files, how = sys.argv[1:]
    answer_all(lambda: Keepfit(Path(folder), Path(files), durable=how == "durable"))
