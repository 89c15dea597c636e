"""The files of a channel as sources can be: with a row of names, and with endings that tell."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from keepfit.data.files.sources import format_of
from keepfit.errors import SourceError, UserError
from keepfit.sagemaker.job import Channel

_TYPES = {  # content type -> the ending of a file of which the name does not tell
    "text/csv": ".csv",
    "application/jsonlines": ".jsonl",
    "application/x-jsonlines": ".jsonl",
    "application/x-parquet": ".parquet",
}
_BOM = b"\xef\xbb\xbf"
_LONGEST = 1 << 20  # bytes of a first line
SAY_HEADER = (
    "say that there is one by header=present in the channel's content type, or by the "
    "hyperparameter keepfit.header = present"
)


@dataclass(frozen=True, slots=True)
class Table:
    """How the CSV files of a channel are read."""

    header: bool
    columns: tuple[str, ...]  # where there is no header


def stage(channel: Channel, folder: Path, table: Table) -> None:
    """The files of the channel below the new `folder`: linked, or copied with a row of names.

    UserError where a name does not tell the format, or a file has other columns than expected.
    """
    folder.mkdir(parents=True)
    for number, file in enumerate(channel.files):
        name = f"{number:05}-{named(file, channel)}"
        if table.header or not is_csv(name):
            (folder / name).symlink_to(file.absolute())
        else:
            _with_names(file, folder / name.removesuffix(".gz"), table.columns, channel)


def named(file: Path, channel: Channel) -> str:
    """The name with an ending that tells the format; UserError where nothing tells."""
    name = file.name
    if name.endswith((".json", ".json.gz")):
        return name.replace(".json", ".jsonl")  # a table of JSON is an object a line here
    kind = channel.type.partition(";")[0].strip().lower()
    try:
        format_of(name)
    except UserError as error:
        if kind in _TYPES:
            return name + _TYPES[kind]
        raise UserError(
            f"channel {channel.name}: {error}", hint="or give the channel a content type: text/csv"
        ) from error
    return name


def is_csv(name: str) -> bool:
    """Whether a file of that name may lack a row of names."""
    return format_of(name)[0] in {"csv", "tsv"}


def first_row(file: Path, channel: Channel) -> list[str]:
    """The cells of the first line of a CSV file."""
    place = f"channel {channel.name}: {file.name}"
    if format_of(named(file, channel))[1] == "zst":
        raise UserError(f"{place} is packed as .zst and has no row of names", hint=SAY_HEADER)
    try:
        with _open(file) as lines:
            line = lines.readline(_LONGEST).removeprefix(_BOM).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise SourceError(f"{place} cannot be read: {error}") from error
    if not line.strip():
        raise SourceError(f"{place} is empty", hint="bring the file again, or leave it out")
    return next(csv.reader([line], delimiter=_separator(file)))


def _with_names(file: Path, copy: Path, columns: Sequence[str], channel: Channel) -> None:
    cells, place = first_row(file, channel), f"channel {channel.name}: {file.name}"
    if cells == [*columns]:
        raise UserError(f"{place} begins with a row of names, and nobody said so", hint=SAY_HEADER)
    if len(cells) != len(columns):
        raise UserError(
            f"{place} has {len(cells)} columns; expected {len(columns)}: {', '.join(columns)}",
            hint="the label comes first, then the features in the order of the model; name others "
            f"with the hyperparameter keepfit.columns, or {SAY_HEADER}",
        )
    with _open(file) as rows, copy.open("wb") as out:
        out.write(_line(columns, _separator(file)))
        begin = rows.read(len(_BOM))
        out.write(begin.removeprefix(_BOM))
        shutil.copyfileobj(rows, out, 1 << 20)


def _line(columns: Sequence[str], separator: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerow(columns)
    return text.getvalue().encode()


def _open(file: Path) -> IO[bytes]:
    return gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb")  # type: ignore[return-value]


def _separator(file: Path) -> str:
    return "\t" if ".tsv" in [suffix.lower() for suffix in file.suffixes] else ","
