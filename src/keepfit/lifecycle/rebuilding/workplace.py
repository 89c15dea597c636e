"""What a recipe names, laid out to train on: code as it was stored, rows by their digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from keepfit.config.environment import expand
from keepfit.config.schema.model import ModelSpec
from keepfit.digest import Digest, sha256_file
from keepfit.errors import Corrupt, KeepfitError, SourceError
from keepfit.lifecycle.assets import lay_out_assets
from keepfit.lifecycle.open import CODE, below
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.warm import warm_in
from keepfit.records.rows import Part
from keepfit.records.version import Manifest
from keepfit.store.parts import StoredParts
from keepfit.train.job import Job


@dataclass(frozen=True, slots=True)
class Workplace:
    """A job that a version was made by, and where its inputs came from."""

    job: Job
    code: str  # in words
    data: str


def lay_out(
    manifest: Manifest, files: dict[str, bytes], ports: Ports, root: Path, folder: Path
) -> Workplace:
    """The recipe as a job in the empty `folder`, by the `files` of the version that are there.

    `root` is the project's folder, where sources may lie. Corrupt where a file of the code is not
    there, SourceError where rows are gone, or what was read beside them.
    """
    recipe, code = manifest.recipe, below(files, CODE)
    if missing := recipe.code.files.keys() - code.keys():
        raise Corrupt(f"{_name(manifest)}: its stored code lacks {', '.join(sorted(missing))}")
    for path, data in code.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    lay_out_assets(manifest, files, root, folder)
    spec = ModelSpec.model_validate(expand(manifest.config, ports.environ))
    stored = ports.registry.parts(manifest.model)
    finder = _Finder(manifest, spec, stored, root, folder / ".rows", ports.environ)
    paths = {part.digest: finder.path(part) for part in recipe.snapshot.parts}
    warm = warm_in(files, recipe.warm)
    job = Job.of(spec, recipe.snapshot, paths, root=folder, code=recipe.code, warm=warm)
    code_words = _count(code)
    return Workplace(msgspec.structs.replace(job, seed=recipe.seed), code_words, finder.words)


@dataclass(slots=True)
class _Finder:
    """Rows from the store, else from the source if that still has the very bytes."""

    manifest: Manifest
    spec: ModelSpec
    stored: StoredParts
    root: Path
    folder: Path
    environ: Mapping[str, str]
    elsewhere: int = 0  # parts that came from their source

    @property
    def words(self) -> str:
        snapshot = self.manifest.recipe.snapshot
        count = len(snapshot.parts)
        told = f"{snapshot.rows:,} rows in {count} stored file{'' if count == 1 else 's'}"
        return f"{told}; {self.elsewhere} from their source" if self.elsewhere else told

    def path(self, part: Part) -> Path:
        try:
            return self.stored.path(part.digest)
        except KeepfitError as gone:
            path = self._from_source(part)
            if path is None:
                raise self._gone(part, gone) from gone
            self.elsewhere += 1
            return path

    def _from_source(self, part: Part) -> Path | None:
        if "://" not in part.uri:
            file = self.root / part.uri
            return file if file.is_file() and sha256_file(file) == part.digest else None
        from keepfit.data.files.fetch import fetch
        from keepfit.data.files.sources import Found, sources_of

        sources = sources_of(self.spec.data, self.spec.split.file)
        found = Found(part.source, part.uri, None, part.size, part.format, part.compression)
        try:
            fetched = fetch([found], sources, self.root, self.folder, environ=self.environ)
        except (KeepfitError, KeyError):
            return None
        same = (one.path for one in fetched if one.path and _is(one.path, part.digest))
        return next(same, None)

    def _gone(self, part: Part, why: KeepfitError) -> SourceError:
        return SourceError(
            f"{_name(self.manifest)} learned from {part.uri} (sha256 {part.digest}), which neither "
            f"the store nor the source has any more ({why})",
            hint="restore it from a backup to the place it came from; nothing else makes it again",
        )


def _is(path: Path, digest: Digest) -> bool:
    return sha256_file(path) == digest


def _name(manifest: Manifest) -> str:
    return f"{manifest.model} {manifest.version}"


def _count(code: Mapping[str, bytes]) -> str:
    if not code:
        return "none of the project's own"
    return f"{len(code)} stored file{'' if len(code) == 1 else 's'}"
