"""The project whose model a job trains: of a file in the container, else the job's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from keepfit.config.document import FILE, read_document
from keepfit.config.layers import (
    PROFILE,
    STORE,
    Setting,
    with_defaults,
    with_profile,
    with_settings,
)
from keepfit.config.load import Project, find_file, load
from keepfit.config.nodes import Node, Origin
from keepfit.errors import ConfigError, Problem, UnknownName, UserError
from keepfit.evaluate.names import problem as metric_problem
from keepfit.kinds import known, params_of
from keepfit.sagemaker import channels, hyper
from keepfit.sagemaker.columns import proposed
from keepfit.sagemaker.job import Job
from keepfit.sagemaker.tree import Tree

MODEL = "KEEPFIT_MODEL"  # the variable that names the model, where the job does not
_ALONE = "model"  # what a model is called that nobody calls anything


@dataclass(frozen=True, slots=True)
class Given:
    """What stands around a job."""

    file: Path | None = None  # keepfit.toml; None: looked for from the working folder upwards
    folder: Path = Path()  # the working folder
    profile: str | None = None
    model: str | None = None
    overrides: Mapping[str, str] | None = None  # flags: dotted key to text


@dataclass(frozen=True, slots=True)
class Declared:
    """The model that a job trains."""

    project: Project
    name: str
    own: hyper.Own
    plan: channels.Plan


def declared(job: Job, tree: Tree, given: Given, environ: Mapping[str, str]) -> Declared:
    """The project with all that the job says over it; ConfigError with every problem at once."""
    own, problems = hyper.own_of(job.texts)
    file = _file(given)
    profile = given.profile or own.profile or environ.get(PROFILE) or None
    wanted = given.model or own.model or environ.get(MODEL) or ""
    name, table = _model(file, profile, wanted)
    target = hyper.Target(name, _params(job, table))
    settings, more = hyper.settings_of(job.texts, target)
    merged = _merged(name, table, settings)
    plan, odd = channels.assign(job.channels, channels.sources_named(merged))
    problems += more + odd
    if file is None:
        _refuse_nothing(merged, plan, problems)
        settings = [*_own_settings(name, proposed(plan, own, merged)), *settings]
    settings += channels.settings_of(plan, name, merged, tree.scratch / "rows")
    if not environ.get(STORE):
        scratch = str((tree.scratch / "store").absolute())
        settings.append(Setting(("project", "store"), scratch, Origin("flag", "the job's scratch")))
    project = _load(file or _made(tree, name), environ, profile, given, settings, problems)
    return Declared(project, name, own, plan)


def _file(given: Given) -> Path | None:
    if given.file:
        return given.file
    try:
        return find_file(given.folder)
    except UserError:
        return None  # the job's hyperparameters say it all


def _model(file: Path | None, profile: str | None, wanted: str) -> tuple[str, Node | None]:
    """The model's name, and its table in the file."""
    if file is None:
        return wanted or _ALONE, None
    tree = with_defaults(with_profile(read_document(file).tree, profile))
    models = tree.at(("model",))[0].tables if "model" in tree.tables else {}
    if not wanted and len(models) == 1:
        wanted = next(iter(models))
    if not wanted:
        raise UserError(
            f"{file} has {len(models)} models: {', '.join(models)}",
            hint=f"say which one with the hyperparameter keepfit.model, or with {MODEL}",
        )
    if wanted not in models:
        raise UnknownName("model", wanted, models)
    return wanted, models[wanted]


def _params(job: Job, table: Node | None) -> type[BaseModel] | None:
    """What the kind takes; None where it is none, which the door says in its own words."""
    node = table.tables.get("kind") if table else None
    kind = job.texts.get("kind", node.value if node else None)
    if not isinstance(kind, str) or kind not in known():
        return None
    return params_of(kind)


def _merged(name: str, table: Node | None, settings: list[Setting]) -> dict[str, Any]:
    """The model's table as it is written, with what the job sets."""
    here = table or Node(Origin("default"), entries={})
    tree = Node(here.origin, entries={"model": Node(here.origin, entries={name: here})})
    merged, _ = with_settings(tree, settings)
    plain = merged.at(("model", name))[0].plain()
    return plain if isinstance(plain, dict) else {}


def _own_settings(name: str, values: Mapping[str, Any]) -> list[Setting]:
    origin = Origin("flag", "the first file")
    return [Setting(("model", name, key), value, origin) for key, value in values.items()]


def _refuse_nothing(
    merged: Mapping[str, Any], plan: channels.Plan, problems: list[Problem]
) -> None:
    known_before = len(problems)
    if "kind" not in merged:
        said = f"is not there, and there is no {FILE}; expected one of {', '.join(known())}"
        problems.append(Problem(hyper.FILE, "kind", said))
    if not plan.sources:
        said = f"holds no channel, and there is no {FILE}; expected one named training"
        problems.append(Problem("input/data", "the folder", said))
    if len(problems) > known_before:  # else the door has more to say
        raise ConfigError(problems)


def _made(tree: Tree, name: str) -> Path:
    """A file for a project that has none: what it lacks, the job says."""
    file = tree.scratch / "project" / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'[project]\nname = "{name}"\n\n[model."{name}"]\n')
    return file


def _load(  # noqa: PLR0913 what a project depends on
    file: Path,
    environ: Mapping[str, str],
    profile: str | None,
    given: Given,
    settings: list[Setting],
    problems: list[Problem],
) -> Project:
    try:
        project = load(
            file,
            environ,
            params_of=params_of,
            kinds=known,
            metrics=metric_problem,
            profile=profile,
            overrides=given.overrides or {},
            settings=settings,
        )
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from error
    if problems:
        raise ConfigError(problems)
    return project
