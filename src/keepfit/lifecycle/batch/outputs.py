"""From what somebody names as OUTPUT to the files of predictions, each with its files of rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from keepfit.data.files.sources import format_of
from keepfit.errors import UserError, guess
from keepfit.lifecycle.batch import buckets
from keepfit.lifecycle.batch.asked import Asked, World
from keepfit.lifecycle.batch.inputs import Input, names_many, tells_format, would_read
from keepfit.lifecycle.batch.sinks import SINKS


@dataclass(frozen=True, slots=True)
class Target:
    """Where the predictions go."""

    place: str  # as it was typed, without a slash at its end
    folder: bool  # a file of predictions for each file of rows, or one for all
    state: Path  # the folder of what is done so far

    @property
    def path(self) -> Path | None:
        """The place on this machine; None where it is in a bucket."""
        return None if buckets.is_address(self.place) else Path(self.place).expanduser()


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of predictions and the files of rows that it answers, in order."""

    name: str  # below the output's folder
    format: str
    inputs: tuple[Input, ...]

    @property
    def rejects(self) -> str:
        """What the file of its rejected rows is called."""
        return rejects_of(self.name)


def rejects_of(name: str) -> str:
    """`prices.csv`: `prices.rejects.csv`."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.rejects.{suffix}"


def target_of(asked: Asked, world: World) -> Target:
    """Where the output goes; UserError where it cannot go there, before any row is read."""
    place = asked.output.rstrip("/") or asked.output
    many = names_many(asked.input) or asked.output.endswith("/")
    folder = many and not (tells_format(place) and not asked.output.endswith("/"))
    if folder:
        _refuse_unknown(asked.format)
    else:
        _refuse_format(asked)
    if buckets.is_address(place):
        key = sha256(place.encode()).hexdigest()[:16]
        return Target(place, folder, world.root / ".keepfit" / "predict" / key)
    path = Path(place).expanduser()
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}", hint="make it, or name another place")
    if path.exists() and path.is_dir() != folder:
        kinds = ("a folder", "a file") if folder else ("a file", "a folder")
        raise UserError(
            f"{place} is {kinds[1]}; expected {kinds[0]} for these predictions",
            hint="name another place",
        )
    return Target(place, folder, path.with_name(f".{path.name}.keepfit"))


def pieces_of(asked: Asked, target: Target, inputs: Sequence[Input]) -> tuple[Piece, ...]:
    """The files of predictions; UserError where two would be one, or where one is an input."""
    _refuse_own(asked, target, inputs)
    if not target.folder:
        name = PurePosixPath(target.place).name
        return (Piece(name, format_of(name)[0], tuple(inputs)),)
    pieces = [
        Piece(_named(one, asked.format), asked.format or one.format, (one,)) for one in inputs
    ]
    taken: dict[str, Piece] = {}
    for piece in pieces:
        for name in (piece.name, piece.rejects):
            if other := taken.get(name):
                raise UserError(
                    f"{piece.inputs[0].uri} and {other.inputs[0].uri} would both be answered in "
                    f"{target.place}/{name}",
                    hint="predict them one after the other, or into one file",
                )
            taken[name] = piece
    return tuple(pieces)


def what_is_there(target: Target, environ: Mapping[str, str]) -> list[str]:
    """The names of what stands where the output goes; of a file, its own name."""
    if target.path is None:
        found = buckets.find(f"{target.place}/" if target.folder else target.place, environ)
        return [one.name for one in found]
    if not target.folder:
        return [target.path.name] if target.path.exists() else []
    files = [file for file in target.path.rglob("*") if not file.is_dir()]
    return sorted(file.relative_to(target.path).as_posix() for file in files)


def refuse_there(
    asked: Asked, target: Target, pieces: Sequence[Piece], there: Sequence[str]
) -> None:
    """UserError where something stands in the way, and may not be replaced."""
    if not there:
        return
    if not asked.overwrite:
        what = f"{target.place} has files in it" if target.folder else f"{target.place} is there"
        raise UserError(
            f"{what} already, and this job did not write it",
            hint="add --overwrite, or name another place",
        )
    ours = {name for piece in pieces for name in (piece.name, piece.rejects)}
    if target.folder and (others := [name for name in there if name not in ours]):
        raise UserError(
            f"{target.place} holds {others[0]}, which these predictions would not replace: whoever "
            "reads the folder would take it for one of them",
            hint="move it away, or name another folder",
        )


def _refuse_own(asked: Asked, target: Target, inputs: Sequence[Input]) -> None:
    for one in inputs:
        if one.path and target.path and target.path.exists() and target.path.samefile(one.path):
            raise UserError(f"{target.place} is the file of rows itself", hint="name another file")
    if names_many(asked.input) and would_read(asked.input, target.place):
        raise UserError(
            f"{target.place} lies where {asked.input} would read it as rows the next time",
            hint="name a place outside of it",
        )


def _refuse_format(asked: Asked) -> None:
    name = asked.output if buckets.is_address(asked.output) else os.fspath(Path(asked.output).name)
    if not tells_format(name):
        known = ", ".join(f".{kind}" for kind in SINKS)
        raise UserError(f"the name {name} does not tell how to write it: expected {known}")
    kind, packed = format_of(name)
    if packed:
        raise UserError(
            f"{asked.output}: predictions are written uncompressed; leave out .{packed}"
        )
    if asked.format and asked.format != kind:
        raise UserError(
            f"--format {asked.format}: {asked.output} says {kind}", hint="leave out --format"
        )


def _refuse_unknown(wanted: str | None) -> None:
    if wanted is not None and wanted not in SINKS:
        raise UserError(f"--format {wanted} is none.{guess(wanted, SINKS)}")


def _named(one: Input, wanted: str | None) -> str:
    name = one.name.removesuffix(PurePosixPath(one.name).suffix) if one.compression else one.name
    return f"{name.rpartition('.')[0]}.{wanted}" if wanted and wanted != one.format else name
