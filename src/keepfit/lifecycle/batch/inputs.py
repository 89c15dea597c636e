"""From what somebody names as INPUT to files of rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from keepfit.data.files.sources import format_of
from keepfit.errors import UserError, guess
from keepfit.lifecycle.batch import buckets

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Input:
    """A file of rows."""

    name: str  # below the folder or the pattern's fixed part: what its output is called
    uri: str
    path: Path | None  # None: it lies in a bucket
    size: int  # bytes
    identity: str  # another one once somebody has written to it
    format: str
    compression: str


def names_many(pattern: str) -> bool:
    """Whether it names a folder or a pattern: any number of files, now or another day."""
    if buckets.is_address(pattern):
        return pattern.endswith("/") or bool(_WILD & set(pattern))
    path = Path(pattern).expanduser()
    return path.is_dir() or (bool(_WILD & set(pattern)) and not path.exists())


def find_inputs(pattern: str, environ: Mapping[str, str]) -> tuple[Input, ...]:
    """The files in the order of their names; UserError where there is none, or no format told.

    Of a folder all files in it and below whose names tell a format, but those that begin with a dot
    or an underscore.
    """
    if buckets.is_address(pattern):
        return _in_bucket(pattern, environ)
    path = Path(pattern).expanduser()
    if path.is_file():
        return (_local(path, path.name),)
    if path.is_dir():
        base, found = path, [file for file in path.rglob("*") if _is_rows(file, path)]
    else:
        base, rest = _fixed_part(path)
        # As in a shell, a star leaves out what is hidden.
        shown = (file for file in base.glob(rest) if "/." not in f"/{file.relative_to(base)}")
        found = [file for file in shown if file.is_file()] if base.is_dir() else []
    if not found:
        raise _nothing(pattern)
    return tuple(_local(file, file.relative_to(base).as_posix()) for file in sorted(found))


def identity_of(one: Input, environ: Mapping[str, str]) -> str:
    """Its identity now; "" where it is gone."""
    if one.path is None:
        found = buckets.look(one.uri, environ)
        return found.etag if found else ""
    try:
        return stamp(one.path.stat())
    except OSError:
        return ""


def would_read(pattern: str, output: str) -> bool:
    """Whether a file written to `output` would be among the files that `pattern` names."""
    if buckets.is_address(pattern) != buckets.is_address(output):
        return False
    if buckets.is_address(pattern):
        return buckets.below(pattern, output) or fnmatchcase(output, pattern)
    path, target = _absolute(pattern), _absolute(output)
    if path.is_dir():
        return target.is_relative_to(path.resolve())
    return fnmatchcase(target.as_posix(), path.as_posix())


def _absolute(path: str) -> Path:
    return Path(os.path.realpath(Path(path).expanduser()))


def _local(path: Path, name: str) -> Input:
    stat = path.stat()
    kind, packed = format_of(path.name)
    return Input(name, str(path), path, stat.st_size, stamp(stat), kind, packed)


def stamp(stat: os.stat_result) -> str:
    """Another one once somebody has written to the file."""
    return f"{stat.st_size} bytes of {stat.st_mtime_ns}"


def _is_rows(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    return not hidden and tells_format(file.name) and file.is_file()


def tells_format(name: str) -> bool:
    """Whether the suffix of a name says what is in the file."""
    try:
        return bool(format_of(name))
    except UserError:
        return False


def _fixed_part(path: Path) -> tuple[Path, str]:
    wild = (i for i, part in enumerate(path.parts) if _WILD & set(part))
    first = min(next(wild, len(path.parts)), len(path.parts) - 1)
    return Path(*path.parts[:first]), str(Path(*path.parts[first:]))


def _nothing(pattern: str) -> UserError:
    path = Path(pattern).expanduser()
    if path.is_dir():
        return UserError(
            f"there is no file of rows in the folder {pattern}",
            hint="expected .csv, .tsv, .jsonl or .parquet; names with . or _ in front are left out",
        )
    base, rest = _fixed_part(path)
    what = "no file matches" if _WILD & set(rest) else "there is no file"
    if not base.is_dir():
        return UserError(f"{what} {pattern}: there is no folder {base}")
    here = [file.name for file in base.iterdir() if not file.name.startswith(".")]
    return UserError(f"{what} {pattern}.{guess(PurePosixPath(rest).name, here)}")


def _in_bucket(pattern: str, environ: Mapping[str, str]) -> tuple[Input, ...]:
    found = buckets.find(pattern, environ)
    if names_many(pattern):
        found = [one for one in found if tells_format(one.name) and not _hidden(one.name)]
    if not found:
        raise UserError(f"there is nothing at {pattern}", hint="look at what is in the bucket")
    return tuple(
        Input(one.name, one.uri, None, one.size, one.etag, *format_of(one.uri)) for one in found
    )


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))
