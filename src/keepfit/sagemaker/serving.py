"""The serving half: what lies in the tree as a model answers, and nothing else is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from keepfit.config.document import find_file
from keepfit.digest import Digest
from keepfit.errors import UserError
from keepfit.lifecycle.rebuilding.bundle import fetch_bundle, manifest_in
from keepfit.sagemaker.hosting import Hosting
from keepfit.sagemaker.tree import Tree
from keepfit.serve.follow import ready
from keepfit.serve.http.wire import Request, Response
from keepfit.serve.metrics import Metrics
from keepfit.serve.served import Served
from keepfit.serve.server import Process, World

MANIFEST = "KEEPFIT_MANIFEST"  # the digest that the model's manifest must have, where it is known


@dataclass(frozen=True, slots=True)
class Bundled:
    """The bundle in a folder, now and, where somebody replaces it, later."""

    folder: Path
    root: Path  # where the functions of the project are
    environ: Mapping[str, str]

    @property
    def expected(self) -> Digest | None:
        """What the manifest must be."""
        return self.environ.get(MANIFEST) or None

    def wanted(self) -> str:
        """The digest of the manifest that lies there."""
        return manifest_in(self.folder)

    def load(self) -> Served:
        """The version; Corrupt for a folder that is no whole bundle, and Refused for a model that
        does not answer as it did."""
        fetched = fetch_bundle(self.folder, expect=self.expected, environ=self.environ)
        return ready(Served(fetched, self.root))


def model_in(tree: Tree) -> str:
    """The name of the model that lies in the tree; UserError where none does."""
    if not tree.model.is_dir() or not any(tree.model.iterdir()):
        raise UserError(
            f"there is no model in {tree.model}",
            hint="train one (keepfit sagemaker train), or put one there (keepfit export model)",
        )
    return fetch_bundle(tree.model).spec.name


def process_of(
    source: Bundled, model: str, hosting: Hosting, world: World, metrics: Metrics | None = None
) -> Process:
    """A process that answers for the bundle; CSV has no row of names unless it says so."""
    proposal = msgspec.json.encode(hosting.parameters)

    def propose(_: Request) -> Response:
        return Response(200, proposal, "application/json")

    return Process(
        {model: source},
        hosting.settings,
        world,
        metrics=metrics,
        header=False,
        extra={"/execution-parameters": propose},
    )


def root_of(folder: Path) -> Path:
    """Where the functions of the project are looked for: at its file, else in the folder."""
    try:
        return find_file(folder).parent
    except UserError:
        return folder
