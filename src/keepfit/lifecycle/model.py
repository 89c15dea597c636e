"""A model as the file declares it, with all that a run needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepfit.config.code import GitState, code_of, git_state, label, load_function
from keepfit.config.diff import training_digest
from keepfit.config.lines import KeyPath
from keepfit.config.load import Project
from keepfit.config.nodes import Origin
from keepfit.config.schema.model import ModelSpec
from keepfit.data.files.statcache import StatCache
from keepfit.digest import Digest, sha256_file
from keepfit.errors import Refused, UnknownName
from keepfit.kinds import kind
from keepfit.kinds.base import Params
from keepfit.lifecycle.assets import assets_of, with_assets
from keepfit.lifecycle.releasing.trust import Trust
from keepfit.records.training import Code

if TYPE_CHECKING:
    from keepfit.evaluate.metrics import Metric


@dataclass(frozen=True, slots=True)
class Model:
    """One `[model.NAME]` with its code; past the door nobody asks the project again."""

    spec: ModelSpec
    params: Params
    root: Path  # the project's folder
    resolved: Mapping[str, Any]  # as recipes keep it: defaults filled in, secrets as ${NAME}
    training: Digest  # of what of it can change the fitted bytes
    code: Code
    code_files: Mapping[str, bytes]  # path in the project -> bytes
    label: str  # which code: short sha, or x and six digits
    stages: tuple[str, ...]
    origin: Callable[[KeyPath], Origin]  # where a key of the file stands
    branch: str = ""  # the git branch, where it is not the main one
    signers: Path | None = None  # the file of those who may sign approvals

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def trust(self) -> Trust:
        """What it asks of whoever lets a version into a stage."""
        return Trust(self.name, self.spec.promote, self.signers)

    @property
    def task(self) -> str:
        """`regression` or `classification`."""
        return kind(self.spec.kind, self.root).task(self.params)

    def transform(self) -> Callable[..., Any] | None:
        """The project's function from LazyFrame to LazyFrame, or None."""
        path = self.spec.data.transform
        return load_function(path, self.root) if path else None

    def own_metrics(self) -> dict[str, Metric]:
        """The project's own metrics by name."""
        from keepfit.evaluate.metrics import own

        return {
            name: own(name, load_function(metric.function, self.root), metric.better)
            for name, metric in self.spec.metric.items()
        }


def model_of(
    project: Project, name: str, *, git: GitState | None = None, cache: StatCache | None = None
) -> Model:
    """The model `name`; UnknownName with a guess, Refused where the code must be clean.

    Sentence models that `cache` knows to be as they were are not read.
    """
    if name not in project.models:
        raise UnknownName("model", name, project.models)
    spec = project.models[name]
    git = git or git_state(project.root)
    code, files = code_of(spec.functions, project.root, git=git)
    digest_at = cache.digest if cache else sha256_file
    code = with_assets(code, assets_of(spec, project.root), digest_at)
    if project.require == "clean" and not code.clean:
        raise Refused(
            f"{name}: the work tree is not a clean commit, and the project says require = 'clean'",
            hint="commit the changes and run the command again",
        )
    resolved = project.resolved(name)
    return Model(
        spec=spec,
        params=project.params[name],
        root=project.root,
        resolved=resolved,
        training=training_digest(resolved),
        code=code,
        code_files=files,
        label=label(code),
        stages=project.stages,
        origin=project.origin,
        branch=git.branch,
        signers=project.signers,
    )


def models_of(
    project: Project, names: tuple[str, ...] = (), *, cache: StatCache | None = None
) -> list[Model]:
    """The models asked for, or all of the file, in its order."""
    git = git_state(project.root)
    return [
        model_of(project, name, git=git, cache=cache) for name in names or tuple(project.models)
    ]
