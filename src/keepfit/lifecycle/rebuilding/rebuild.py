"""A version made again from its recipe, and held against what was published."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Literal

import msgspec

from keepfit.digest import sha256
from keepfit.errors import Refused
from keepfit.lifecycle.open import KEYS, MODEL, VALIDATED, below
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.rebuilding.diagnosis import diagnose
from keepfit.lifecycle.rebuilding.differences import Difference, between, equal, of_rows
from keepfit.lifecycle.rebuilding.workplace import Workplace, lay_out
from keepfit.records.base import Record
from keepfit.records.training import Environment
from keepfit.records.version import Manifest
from keepfit.store.log.nouns import VersionState
from keepfit.store.resolve import deleted
from keepfit.train.cpu import cpu_class
from keepfit.train.interpreter import Interpreter, here, recorded_interpreter
from keepfit.train.job import Fit, Job
from keepfit.train.pins import KERNELS, kernels
from keepfit.train.semantic import changes
from keepfit.train.worker import Trainer

Outcome = Literal["IDENTICAL", "EQUAL", "DIFFERENT"]
Start = Callable[[Sequence[str], Mapping[str, str]], Trainer]


class Rebuilt(Record, frozen=True, kw_only=True):
    """What came of a rebuild."""

    model: str
    version: str
    outcome: Outcome  # EQUAL: bytes differ, parameters and recorded predictions do not
    differs: tuple[Difference, ...] = ()  # the cause first; of an IDENTICAL one, what did not harm
    files: int  # that were made again and compared
    code: str  # where the inputs came from, in words
    data: str
    environment: str
    seconds: float  # that training took, reading the rows and starting the process included

    @property
    def cause(self) -> str:
        """The first input that differs, in words."""
        return f"{self.differs[0].input}: {self.differs[0].text}" if self.differs else ""


def start(python: Sequence[str], pins: Mapping[str, str]) -> Trainer:
    """Training processes of that Python with those settings, in this environment."""
    return Trainer(os.environ, python=python, pins=pins)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a rebuild takes place."""

    root: Path  # the project's folder: where sources may lie, and a place to work
    any_environment: bool = False  # this one, although another was recorded
    start: Start = field(default=start)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A training from the recipe, and what it is held against."""

    manifest: Manifest
    stored: dict[str, bytes]  # the files of the version that are there
    workplace: Workplace
    python: Interpreter
    fit: Fit
    seconds: float

    @property
    def files(self) -> dict[str, bytes]:
        """What was made again, by the paths of the version's files."""
        made = {MODEL + name: data for name, data in self.fit.files.items()}
        tuned = {VALIDATED: self.fit.validated} if self.fit.validated else {}
        return {**made, KEYS: self.fit.keys, **tuned}


def rebuild(version: VersionState, model: str, ports: Ports, scene: Scene) -> Rebuilt:
    """Make a version again and say whether it is the same, or what differs. Writes nothing.

    Corrupt or SourceError where the recipe or the rows are gone, SystemFailure where the recorded
    environment cannot be made, and whatever training raises.
    """
    with _trained(version, model, ports, scene) as attempt:
        return _compared(attempt, ports, scene)


def restore(
    version: VersionState, model: str, ports: Ports, scene: Scene, *, op: str | None = None
) -> Rebuilt | None:
    """Make a version again of which only the recipe is kept, and have it live; None: it is.

    Refused, with the cause, unless every byte is as it was published.
    """
    name = f"{model} {version.version}"
    if version.status == "live":
        return None
    if version.status != "recipe":
        raise deleted(model, version)
    with _trained(version, model, ports, scene) as attempt:
        rebuilt = _compared(attempt, ports, scene)
        if rebuilt.outcome != "IDENTICAL":
            raise Refused(
                f"{name} was made again, but is {rebuilt.outcome} ({rebuilt.cause}); "
                "nothing was restored",
                hint=f"keepfit rebuild {model}@{version.version.partition('-')[0]}",
            )
        ports.say(model, "publishing")
        named = {file.path for file in attempt.manifest.files}
        files = {path: data for path, data in attempt.files.items() if path in named}
        ports.registry.restore(
            model, version.version, {**attempt.stored, **files}, attempt.manifest, op=op
        )
    return rebuilt


@contextmanager
def _trained(version: VersionState, model: str, ports: Ports, scene: Scene) -> Iterator[_Attempt]:
    manifest, stored = ports.registry.recipe(model, version)
    recorded = manifest.recipe.environment
    workshop = scene.root / ".keepfit"
    ports.say(model, "preparing the environment")
    python = (
        here(recorded)
        if scene.any_environment
        else recorded_interpreter(recorded, workshop / "environments", environ=ports.environ)
    )
    workshop.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="rebuild-", dir=workshop) as folder:
        place = lay_out(manifest, stored, ports, scene.root, Path(folder))
        ports.say(model, "training")
        begun = monotonic()
        fit = train(place.job, scene.start(python.command, pins_of(recorded)))
        yield _Attempt(manifest, stored, place, python, fit, monotonic() - begun)


def train(job: Job, trainer: Trainer) -> Fit:
    """What a job makes in a process of its own, which is ended."""
    with trainer:
        return trainer.train(job).result()


def pins_of(recorded: Environment) -> dict[str, str]:
    """The recorded settings; on another class of CPU this one's kernels, which it can run."""
    pins = dict(recorded.variables)
    if recorded.cpu != cpu_class():
        pins = {name: "" if name in KERNELS else value for name, value in pins.items()} | kernels()
    return pins


def _compared(attempt: _Attempt, ports: Ports, scene: Scene) -> Rebuilt:
    manifest, fit = attempt.manifest, attempt.fit
    outcome = _outcome(attempt)
    differs = [*between(manifest.recipe.environment, fit.environment)]
    if outcome != "IDENTICAL":
        ports.say(manifest.model, "looking for the cause")
        pins = pins_of(manifest.recipe.environment)

        def again(job: Job, more: Mapping[str, str], before: Sequence[str] = ()) -> Fit:
            command = (*before, *attempt.python.command)
            return train(job, scene.start(command, {**pins, **more}))

        traces = [*_of_rows(manifest, fit), *_of_files(attempt)]
        known = bool(differs) or any(trace.input == "row order" for trace in traces)
        differs += diagnose(fit, attempt.workplace.job, again, known=known)
        differs += traces
    return Rebuilt(
        model=manifest.model,
        version=manifest.version,
        outcome=outcome,
        differs=tuple(differs),
        files=len(attempt.files),
        code=attempt.workplace.code,
        data=attempt.workplace.data,
        environment=attempt.python.words,
        seconds=attempt.seconds,
    )


def _outcome(attempt: _Attempt) -> Outcome:
    manifest, fit = attempt.manifest, attempt.fit
    candidate = msgspec.structs.replace(fit.candidate, seconds=0.0)
    published = {file.path: file.sha256 for file in manifest.files}
    same_rows = all(
        published.get(path) == sha256(data)
        for path, data in attempt.files.items()
        if not path.startswith(MODEL)
    )
    if candidate == manifest.candidate and same_rows:
        return "IDENTICAL"
    rest = msgspec.structs.replace(
        candidate, files=manifest.candidate.files, digest=manifest.candidate.digest
    )
    if manifest.proof is None or rest != manifest.candidate or not same_rows:
        return "DIFFERENT"
    return "EQUAL" if equal(manifest.proof, fit.proof) else "DIFFERENT"


def _of_rows(manifest: Manifest, fit: Fit) -> Iterator[Difference]:
    if manifest.proof is not None:
        yield from of_rows(manifest.proof, fit.proof)
    was, now = manifest.candidate.split, fit.candidate.split
    if was != now:
        text = (
            f"{was.train:,} training rows → {now.train:,}"
            if was.train != now.train
            else ("other rows were chosen to train on")
        )
        yield Difference(input="split", text=text)


def _of_files(attempt: _Attempt) -> Iterator[Difference]:
    """Where the model's files differ; without the stored ones, which of them do."""
    was = below(attempt.stored, MODEL)
    for change in changes(was, attempt.fit.files) if was else ():
        how = "" if change.meaning else ", though it says the same"
        yield Difference(input="files", text=f"{change.file}: {change.where}{how}")
    if not was:
        for name, digest in attempt.manifest.candidate.files.items():
            if attempt.fit.candidate.files.get(name) != digest:
                yield Difference(input="files", text=f"{name} has another digest")
