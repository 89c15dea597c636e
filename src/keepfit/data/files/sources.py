"""Which files a model's sources name, and what they hold now. Loads no frame library."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from keepfit.config.schema.rows import Data, Source, Sql
from keepfit.data.files.statcache import StatCache
from keepfit.digest import Digest
from keepfit.errors import SourceError, UserError, guess

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
SERIES = {".tsf": "tsf"}  # of which a line is a whole series: to learn from, not to be answered
COMPRESSIONS = {".gz": "gz", ".zst": "zst"}
CLOUDS = ("s3://", "gs://", "gcs://", "az://", "abfs://", "abfss://")
HOLDOUT = "split.file"  # the source name of the rows that `split.file` gives
_WILD = frozenset("*?[")
_HINT = "correct data.source in keepfit.toml, or bring the file there"


@dataclass(frozen=True, slots=True)
class Found:
    """A file, an address or a query that a source names."""

    source: str  # the source's name; "rows" where there is one
    uri: str  # without credentials; relative to the project if below it
    path: Path | None  # None: it is not on this machine
    size: int  # bytes; 0 where nobody knows
    format: str  # csv, tsv, jsonl, parquet, or sql
    compression: str = ""  # gz, zst, or nothing


def sources_of(data: Data, holdout: str | None = None) -> dict[str, Source]:
    """Every source by name; the file of holdout rows, if there is one, is a source as well."""
    return data.sources | ({HOLDOUT: holdout} if holdout else {})


def find_all(sources: Mapping[str, Source], root: Path) -> list[Found]:
    """What all the sources name, source by source in the order of their names."""
    return [one for name in sorted(sources) for one in find(name, sources[name], root)]


def find(name: str, source: Source, root: Path) -> list[Found]:
    """What one source names: local files sorted by path, addresses and queries as they stand.

    UserError for a file that is not there, a pattern that matches nothing, or an unknown suffix.
    """
    if isinstance(source, Sql):
        return [Found(name, without_credentials(source.uri), None, 0, "sql")]
    patterns = (source,) if isinstance(source, str) else source
    found = [one for pattern in patterns for one in _find_pattern(name, pattern, root)]
    return sorted({one.uri: one for one in found}.values(), key=lambda one: one.uri)


def digest_of_file(found: Found, cache: StatCache) -> Digest:
    """The sha256 of a local file; SourceError if it cannot be read."""
    try:
        return cache.digest(found.path or Path(found.uri))
    except OSError as error:
        raise SourceError(
            f"{found.uri} cannot be read: {error.strerror}",
            hint="see who may read it, or leave it out of data.source",
        ) from error


def format_of(uri: str, *, series: bool = False) -> tuple[str, str]:
    """(format, compression) by the suffixes of a name; UserError if they tell none.

    With `series` also those of files that hold a series a line.
    """
    known = FORMATS | SERIES if series else FORMATS
    suffixes = [suffix.lower() for suffix in PurePosixPath(uri).suffixes]
    compression = COMPRESSIONS.get(suffixes[-1], "") if suffixes else ""
    inner = suffixes[-2:-1] if compression else suffixes[-1:]
    kind = known.get(inner[0]) if inner else None
    if kind is None or (compression and kind == "parquet"):
        raise UserError(
            f"the name {uri} does not tell how to read it: expected "
            f"{', '.join(known)}, or a text format with {' or '.join(COMPRESSIONS)} behind it"
        )
    return kind, compression


def without_credentials(uri: str) -> str:
    """The address without user, password and options."""
    parts = urlsplit(uri)
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path


def _find_pattern(name: str, pattern: str, root: Path) -> Iterator[Found]:
    if pattern.startswith(CLOUDS):
        yield Found(name, pattern, None, 0, *format_of(pattern, series=True))
        return
    paths = _paths(pattern, root)
    if not paths:
        raise _nothing_found(name, pattern, root)
    for path in paths:
        uri = path.relative_to(root) if path.is_relative_to(root) else path
        yield Found(
            name, uri.as_posix(), path, path.stat().st_size, *format_of(path.name, series=True)
        )


def _paths(pattern: str, root: Path) -> list[Path]:
    folder, rest = _where_to_look(pattern, root)
    whole = folder / rest
    if whole.is_dir():
        return sorted(path for path in whole.iterdir() if path.is_file() and _readable(path.name))
    if whole.is_file():
        return [Path(os.path.normpath(whole))]
    return sorted(path for path in folder.glob(rest) if path.is_file())


def _readable(name: str) -> bool:
    try:
        return not name.startswith((".", "_")) and bool(format_of(name, series=True))
    except UserError:
        return False


def _where_to_look(pattern: str, root: Path) -> tuple[Path, str]:
    # The deepest folder that no wildcard is part of, and the pattern from there on.
    parts = Path(pattern).expanduser().parts
    wild = (i for i, part in enumerate(parts) if _WILD & set(part))
    first = min(next(wild, len(parts)), len(parts) - 1)
    return root.joinpath(*parts[:first]), str(Path(*parts[first:]))


def _nothing_found(name: str, pattern: str, root: Path) -> UserError:
    folder, _ = _where_to_look(pattern, root)
    what = "no file matches" if _WILD & set(pattern) else "there is no file"
    if not folder.is_dir():
        return UserError(
            f"source `{name}`: {what} {pattern}: there is no folder {folder}", hint=_HINT
        )
    here = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    near = guess(PurePosixPath(pattern).name, here) or " The folder is empty."
    return UserError(
        f"source `{name}`: {what} {pattern} in {folder}.{near}",
        hint=_HINT,
    )
