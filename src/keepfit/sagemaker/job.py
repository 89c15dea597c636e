"""What SageMaker tells a training job: settings, channels, machines; every problem at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepfit.config.wording import shown
from keepfit.errors import ConfigError, Problem
from keepfit.sagemaker.settings_file import object_of
from keepfit.sagemaker.tree import Tree

JOB = "TRAINING_JOB_NAME"  # the variable in which SageMaker tells a job its name
_RESERVED = ("sagemaker_", "_tuning_objective_metric")  # what SageMaker itself adds to the settings


@dataclass(frozen=True, slots=True)
class Channel:
    """A folder of rows that a job was given."""

    name: str
    files: tuple[Path, ...]  # in the order of their paths
    folder: Path
    type: str = ""  # its content type: text/csv; header=present

    @property
    def header(self) -> bool | None:
        """Whether its CSV files begin with a row of names; None: nobody says."""
        words = self.type.lower().replace(" ", "").split(";")
        said = [word.removeprefix("header=") for word in words if word.startswith("header=")]
        return {"present": True, "absent": False}.get(said[-1]) if said else None


@dataclass(frozen=True, slots=True)
class Job:
    """A training job, as its files tell."""

    name: str  # "" where nobody tells
    texts: dict[str, str]  # the hyperparameters but those that are SageMaker's own
    channels: dict[str, Channel]


def read_job(tree: Tree, environ: Mapping[str, str]) -> Job:
    """The job that the tree tells; ConfigError with all that is wrong with its files."""
    problems: list[Problem] = []
    texts = _texts(tree.hyperparameters, problems)
    told = object_of(tree.channels, problems)
    _look_at_machines(tree, problems)
    channels = {one.name: one for one in _channels(tree, told, problems)}
    if problems:
        raise ConfigError(problems)
    return Job(environ.get(JOB, ""), texts, channels)


def _texts(path: Path, problems: list[Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in object_of(path, problems).items():
        if key.startswith(_RESERVED):
            continue
        if isinstance(value, str):
            found[key] = value
            continue
        said = f"is {shown(value)}, which is no text; expected {shown(json.dumps(value))}"
        problems.append(Problem(path.name, key, said))
    return found


def _look_at_machines(tree: Tree, problems: list[Problem]) -> None:
    for path in dict.fromkeys(tree.resources):
        hosts = object_of(path, problems).get("hosts")
        if isinstance(hosts, list) and len(hosts) > 1:
            said = f"names {len(hosts)} machines; expected 1, on which keepfit trains"
            problems.append(Problem(path.name, "hosts", said))


def _channels(tree: Tree, told: dict[str, Any], problems: list[Problem]) -> Iterator[Channel]:
    there = {}
    if tree.data.is_dir():
        for entry in sorted(tree.data.iterdir()):
            if entry.is_dir():
                there[entry.name] = entry
            elif not entry.name.startswith("."):
                # In pipe mode there are pipes named CHANNEL_0 instead of folders.
                said = "is no folder; expected one a channel (TrainingInputMode: File or FastFile)"
                problems.append(Problem("input/data", entry.name, said))
    for name in sorted({*there, *told}):
        files = tuple(_files(there[name])) if name in there else ()
        if not files:
            problems.append(Problem(f"channel {name}", "its folder", "holds no file of rows"))
            continue
        about = told.get(name)
        kind = about.get("ContentType") if isinstance(about, dict) else None
        yield Channel(name, files, there[name], kind if isinstance(kind, str) else "")


def _files(folder: Path) -> Iterator[Path]:
    """Every file below the folder but those that tools leave: _SUCCESS, .crc."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        found += [Path(place, name) for name in names if not name.startswith((".", "_"))]
    return iter(sorted(found))
