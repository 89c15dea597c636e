"""A candidate and its evidence, kept beside the project, where nobody takes it for a version."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from keepfit.digest import canonical
from keepfit.lifecycle.judging.challenge import freeze_rows, train
from keepfit.lifecycle.judging.champion import champion_for
from keepfit.lifecycle.judging.judgement import Judgement
from keepfit.lifecycle.model import Model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.publish import manifest_of, payload
from keepfit.store.backends.local import LocalStore
from keepfit.store.ulid import ulid

CANDIDATE = "0.0.0-x000000"  # no version: nothing that the log counts can be called so


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a candidate lies, and what was measured of it."""

    folder: Path
    judgement: Judgement
    resumed: str = ""  # where its training went on from one that was ended


def train_only(model: Model, ports: Ports, workplace: Path) -> Kept:
    """Train a challenger and judge it; its files go to a folder of their own below `workplace`."""
    champion = champion_for(model, ports.registry)
    trained = train(model, ports, freeze_rows(model, ports), champion)
    files = payload(model, trained, trained.judgement, f"{model.name} candidate")
    manifest = manifest_of(model, trained, CANDIDATE, files)
    folder, name = workplace / "candidates" / model.name, ulid(ports.clock(), os.urandom)
    LocalStore(folder).write(name, {**files, "MANIFEST.json": canonical(manifest)})
    return Kept(folder / name, trained.judgement, trained.fit.resumed)
