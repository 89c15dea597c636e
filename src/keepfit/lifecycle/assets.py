"""What a training reads of the project beside its code and its rows: the files of a sentence model.

They travel within the model, so that a version needs no project: who predicts reads them there, and
who builds it again has them back from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from keepfit.config.schema.model import ModelSpec
from keepfit.digest import Digest, digest_of, sha256_file
from keepfit.errors import SourceError
from keepfit.kinds.texts.folder import paths_in
from keepfit.records.training import Code
from keepfit.records.version import Manifest


def assets_of(spec: ModelSpec, root: Path) -> dict[str, Path]:
    """The files, by their paths in the project; those that are not there are left out."""
    if spec.embeddings is None:
        return {}
    found = paths_in(root / spec.embeddings)
    return {f"{spec.embeddings}/{name}": path for name, path in found.items()}


def with_assets(
    code: Code, assets: Mapping[str, Path], digest_at: Callable[[Path], Digest] = sha256_file
) -> Code:
    """The code and what is read beside it: other files are another model.

    `digest_at` may tell the sha256 of files that have not changed from memory: they are large, and
    whoever trains looks at their bytes.
    """
    if not assets:
        return code
    digests = {path: digest_at(assets[path]) for path in sorted(assets)}
    digest = digest_of([code.files, digests])
    return msgspec.structs.replace(code, assets=digests, digest=digest)


def lay_out_assets(
    manifest: Manifest, files: Mapping[str, bytes], root: Path, folder: Path
) -> None:
    """Write what the version's training read below `folder`, from its own `files` or else from the
    project at `root`; SourceError for a file that neither has as it was."""
    by_digest = {file.sha256: files[file.path] for file in manifest.files if file.path in files}
    for path, digest in manifest.recipe.code.assets.items():
        data = by_digest.get(digest)
        if data is None and _is(root / path, digest):
            data = (root / path).read_bytes()
        if data is None:
            raise _gone(manifest, root, path, digest)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def _is(file: Path, digest: Digest) -> bool:
    return file.is_file() and sha256_file(file) == digest


def _gone(manifest: Manifest, root: Path, path: str, digest: Digest) -> SourceError:
    now = "is another file by now" if (root / path).is_file() else "is not there any more"
    return SourceError(
        f"{manifest.model} {manifest.version} learned with {path} (sha256 {digest}), which the "
        f"store has no more, and which {now}",
        hint=f"put {path.rpartition('/')[0]} back as it was; nothing else makes the version again",
    )
