"""The files of a new project."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from string import Template

from keepfit.errors import SinkError, UserError
from keepfit.lifecycle.begin.houses import houses_csv
from keepfit.lifecycle.begin.propose import Proposal
from keepfit.lifecycle.begin.target import snake

FILE = "keepfit.toml"
IGNORED = ("store/", ".keepfit/", "*.rejects.*")


def write_project(folder: Path, proposal: Proposal | None = None) -> list[Path]:
    """
    The files of a project written into `folder`: from a proposal, else a small example of its own.

    UserError if one of them is there already; nothing is written then.
    """
    if proposal:
        return write_files(folder, {FILE: _from_proposal(folder, proposal)})
    return write_files(folder, {"data/houses.csv": houses_csv(), FILE: starter("houses", FILE)})


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """The new files in `folder` and its `.gitignore`, in the order written; all or none of them."""
    refuse_to_overwrite(folder, files)
    with writing_to(folder):
        ignored = _ignore(folder)
        return [*ignored, *(_write(folder / name, text) for name, text in files.items())]


def refuse_to_overwrite(folder: Path, names: Iterable[str]) -> None:
    """UserError if one of the names is in the folder already."""
    if taken := [name for name in names if (folder / name).exists()]:
        raise UserError(
            f"{folder} already holds {', '.join(taken)}; init never overwrites",
            hint="name another folder: keepfit init DIR",
        )


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turns a full disk or a missing permission into a SinkError that names the file."""
    try:
        yield
    except OSError as error:
        raise SinkError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}"
        ) from error


def starter(*path: str) -> str:
    """The text of a file that comes with the package."""
    return (resources.files("keepfit") / "starters").joinpath(*path).read_text("utf-8")


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8", newline="\n")
    return file


def _ignore(folder: Path) -> list[Path]:
    """The `.gitignore` with what keepfit makes; a line that is there already stays as it is."""
    file = folder / ".gitignore"
    before = file.read_text("utf-8") if file.exists() else ""
    new = [line for line in IGNORED if line not in before.splitlines()]
    if not new:
        return []
    if before and not before.endswith("\n"):
        before += "\n"
    return [_write(file, before + "\n".join(new) + "\n")]


def _from_proposal(folder: Path, made: Proposal) -> str:
    rest = Template(starter("table", FILE)).substitute(
        project=_text(snake(folder.resolve().name) or "models"),
        model=_model_name(made.target),
        table=_quoted(made.table.name),
        rows=f"{made.rows:,}",
        kind=_text(made.kind),
        why_kind=made.why_kind,
        target=_text(made.target),
        why_target=made.why_target,
        features="\n".join(f"  {_text(name)}," for name in made.features),
        left_out=_left_out(made),
        source=_text(_relative(made.table, folder)),
        data="".join(f"{line}\n" for line in _data(made)),
        holdout=_holdout(made),
        encode="".join(f"{line}\n" for line in _encode(made)),
        metric=_text(made.metric),
        unit=f"in the unit of {_quoted(made.target)}" if made.metric == "mae" else "0 is perfect",
    )
    return re.sub(r"\n{3,}", "\n\n", rest)


def _left_out(made: Proposal) -> str:
    told = [f"#   {_quoted(name)}: {reason}" for name, reason in made.left_out.items()]
    return "\n".join(["# Left out:", *told]) if told else ""


def _data(made: Proposal) -> Iterable[str]:
    if made.time:
        yield f"time   = {_text(made.time)}  # when a row happened"
    if made.key:
        yield f"key    = [{_text(made.key)}]  # names a row; predictions carry it"
    if made.types:
        yield f"types  = {_table(made.types)}  # where the file does not tell"
    if made.derive:
        yield "# SQL, the same in training and in serving:"
        yield f"derive = {_table(made.derive)}"


def _holdout(made: Proposal) -> str:
    if isinstance(made.holdout, str):
        return (
            f"holdout = {_text(made.holdout)}  # the newest rows; the model learns from all before"
        )
    if made.by_time:
        return f'holdout = {made.holdout}  # the newest fifth of the rows\nby      = "time"'
    return f"holdout = {made.holdout}  # every fifth row, chosen by a hash of the row"


def _encode(made: Proposal) -> Iterable[str]:
    if made.categorical:
        yield f"[model.{_model_name(made.target)}.encode]"
        names = ", ".join(map(_text, made.categorical))
        yield f"categorical = [{names}]  # numbers that are codes; text always is"


def _model_name(target: str) -> str:
    return snake(target)[:63].strip("_") or "model"


def _relative(table: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(table.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return table.resolve().as_posix()


def _table(entries: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {_text(v)}" for name, v in entries.items()) + " }"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _text(value: str) -> str:
    value = value.replace("${", "$${")  # else the file would read the environment
    plain = value.isprintable() and "'" not in value
    return f"'{value}'" if '"' in value and plain else _quoted(value)


def _quoted(value: str) -> str:
    # TOML's basic strings are JSON's, except that DEL must be escaped as well.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
