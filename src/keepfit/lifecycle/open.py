"""From a version in the store to a model that predicts: verified first, built after."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keepfit.config.code import load_function
from keepfit.config.environment import expand
from keepfit.config.schema.model import ModelSpec
from keepfit.errors import Corrupt
from keepfit.lifecycle.releasing.trust import Trust, vouched
from keepfit.names import Reference
from keepfit.records.comparison import Side
from keepfit.records.training import Candidate
from keepfit.records.version import Manifest
from keepfit.store.log.nouns import VersionState
from keepfit.store.registry import EVIDENCE, Registry
from keepfit.store.resolve import resolve

if TYPE_CHECKING:
    import numpy as np

    from keepfit.train.predictor import Predictor

MODEL, CODE, KEYS, JUNIT = "model/", "code/", "rows.u64", "junit.xml"
COMPILED = "compiled/"  # beside the model, whose digest tells nothing of it
VALIDATED = "validation.u64"  # only where there were validation rows


@dataclass(frozen=True, slots=True)
class Opened:
    """A version whose every file was checked against the log, ready to predict."""

    state: VersionState
    manifest: Manifest
    spec: ModelSpec
    predictor: Predictor
    keys: np.ndarray  # sorted hashes of the row keys it learned from
    validated: np.ndarray | None  # of these, those of the validation rows; None: not known
    compiled: Mapping[str, bytes]  # the files of its faster ways, by name

    @property
    def side(self) -> Side:
        """What evidence calls it."""
        return Side(digest=self.manifest.candidate.digest, version=self.state.version)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A version whose every file was checked against the log; nothing is built of them yet."""

    state: VersionState
    manifest: Manifest
    spec: ModelSpec
    files: dict[str, bytes]  # by path


def fetch_version(
    registry: Registry,
    model: str,
    version: VersionState,
    *,
    environ: Mapping[str, str] = os.environ,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Fetched:
    """The version's files, all or those that are `wanted`; Corrupt if a byte differs from what was
    published."""
    manifest = registry.manifest(model, version.version)
    names = [file.path for file in manifest.files if wanted(file.path)]
    return Fetched(
        state=version,
        manifest=manifest,
        spec=ModelSpec.model_validate(expand(manifest.config, environ)),  # secrets are not stored
        files=registry.files(model, version.version, names),
    )


def needed_to_predict(path: str) -> bool:
    """Whether a prediction needs the file, or whoever wants to know how good it is."""
    return path.startswith((MODEL, COMPILED, CODE)) or path == EVIDENCE


def predictor_of(fetched: Fetched, root: Path) -> Predictor:
    """The model with the functions of the project at `root`; Corrupt if one of its files is not
    what was trained."""
    from keepfit.train.artifact import load
    from keepfit.train.predictor import Predictor

    spec, files, candidate = fetched.spec, fetched.files, fetched.manifest.candidate
    home = _home(spec, fetched.manifest, below(files, CODE), root)
    transform = spec.data.transform
    return Predictor(
        version=fetched.state.version,
        schema=candidate.schema,
        data=spec.data,
        transform=load_function(transform, home) if transform and home else None,
        features=spec.features,
        target=spec.target,
        series=spec.series,
        fitted=load(candidate.kind, below(files, MODEL), candidate.files, home),
    )


def opened(fetched: Fetched, root: Path) -> Opened:
    """The version, ready to predict and to be compared."""
    from keepfit.data.splitting.keys import read_fingerprint

    return Opened(
        state=fetched.state,
        manifest=fetched.manifest,
        spec=fetched.spec,
        predictor=predictor_of(fetched, root),
        keys=read_fingerprint(fetched.files[KEYS]),
        validated=_validated(fetched.manifest.candidate, fetched.files),
        compiled=below(fetched.files, COMPILED),
    )


def open_version(
    registry: Registry,
    model: str,
    version: VersionState,
    root: Path,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Opened:
    """The version, loaded; Corrupt if a byte differs from what was published."""
    return opened(fetch_version(registry, model, version, environ=environ), root)


def _validated(candidate: Candidate, files: Mapping[str, bytes]) -> np.ndarray | None:
    """The rows of early stopping and tuning; None for a version that did not tell them apart."""
    import numpy as np

    from keepfit.data.splitting.keys import read_fingerprint

    if VALIDATED in files:
        return read_fingerprint(files[VALIDATED])
    return None if candidate.split.validation else np.empty(0, dtype=np.uint64)


def open_reference(
    registry: Registry,
    text: str,
    stages: tuple[str, ...],
    root: Path,
    trust: Callable[[str], Trust] = Trust.of_nobody,
) -> Opened:
    """The version that `MODEL@…` names, loaded; UnknownName with what there is.

    `trust` tells what the project asks for a model. NotApproved where that is signatures and what
    the stage holds lacks them.
    """
    reference = Reference.parse(text)
    return open_version(
        registry, reference.model, trusted(registry, reference, stages, trust), root
    )


def trusted(
    registry: Registry,
    reference: Reference,
    stages: tuple[str, ...],
    trust: Callable[[str], Trust] = Trust.of_nobody,
) -> VersionState:
    """The version that is named, if those vouch for it whom the project asks; see above."""
    version = registry.resolve(reference, stages)
    if reference.selector not in stages or not trust(reference.model).asks(reference.selector):
        return version
    # Of the very state that was looked at: the stage may move meanwhile.
    state = vouched(trust(reference.model), registry, reference.selector)
    return resolve(state, reference, stages)


def below(files: dict[str, bytes], folder: str) -> dict[str, bytes]:
    """The files of one folder of a version, by their names in it."""
    return {p.removeprefix(folder): data for p, data in files.items() if p.startswith(folder)}


def _home(spec: ModelSpec, manifest: Manifest, stored: dict[str, bytes], root: Path) -> Path | None:
    """The folder of the Python that a prediction needs: the project's, if the version's files there
    are still the same, else one with what was stored; None where it needs none."""
    if spec.data.transform is None and spec.own_class is None:
        return None
    here = {path: _digest(root / path) for path in stored}
    if here == manifest.recipe.code.files:
        return root
    # The project's code has moved on. The stored files were checked against the log's digest, and a
    # folder is trusted as far as the project beside it, so the champion can still be judged fairly.
    if missing := manifest.recipe.code.files.keys() - stored.keys():
        raise Corrupt(f"{spec.name}: the stored code lacks {', '.join(sorted(missing))}")
    folder = root / ".keepfit" / "code" / manifest.recipe.code.digest
    for path, data in stored.items():
        if _digest(folder / path) != manifest.recipe.code.files.get(path):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    return folder


def _digest(path: Path) -> str | None:
    from keepfit.digest import sha256_file

    return sha256_file(path) if path.is_file() else None
