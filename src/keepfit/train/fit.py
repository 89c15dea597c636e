"""From a job to a fitted model: prepare the rows, learn, save, name by digest."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from keepfit.config.code import load_function
from keepfit.config.schema.model import ModelSpec
from keepfit.data.columns.origin import counted
from keepfit.data.prepare import Prepared, prepare
from keepfit.data.splitting.keys import fingerprint_bytes, read_fingerprint
from keepfit.data.splitting.split import Split
from keepfit.digest import Digest, digest_of, sha256_file
from keepfit.errors import Refused
from keepfit.kinds import kind, learner, params_of
from keepfit.kinds.base import Fitted, Lesson, Updating
from keepfit.train.backtest import up_to_date
from keepfit.train.candidate import candidate_of, validated
from keepfit.train.job import Fit, Job
from keepfit.train.pieces import fit_in_pieces
from keepfit.train.promises import Trained, hold
from keepfit.train.proof import NOTHING, proof_of
from keepfit.train.recipe import environment
from keepfit.train.watch import Watch

__all__ = ["Fit", "Job", "fit"]

_LONG = 60.0  # seconds of a training that is not done a second time to see if it gives the same


Transform = Callable[..., Any] | None
Memory = MutableMapping[Digest, Prepared]  # the rows of the last job that was one of many on them


def fit(
    job: Job, *, clock: Callable[[], float] = time.perf_counter, memory: Memory | None = None
) -> Fit:
    """A candidate with its files; what `prepare` and the kind raise, and Refused if code moved."""
    if job.watch:
        return _watched(job, clock)
    if job.pieces and not job.portion:
        return fit_in_pieces(job, clock)
    spec, root = ModelSpec.model_validate(job.spec), Path(job.root)
    if job.code is not None:
        own = spec.data.transform or spec.own_class
        _check_unchanged(job.code.named if own else job.code.assets, root)
    transform = load_function(spec.data.transform, root) if spec.data.transform else None
    prepared = _prepared(job, spec, transform, {} if memory is None else memory)
    begun = clock()
    fitted = up_to_date(_fitted(spec, prepared.split, job), prepared.split, spec)
    files = fitted.save()
    seconds = clock() - begun
    candidate = candidate_of(job, spec, prepared, fitted, files, seconds=seconds)
    if job.portion:  # what comes of a search is trained once more, held to its promises and proved
        seen = environment(spec.threads, root)
        return Fit(candidate=candidate, files=files, keys=b"", environment=seen, proof=NOTHING)
    if spec.own_class or _own_kind(spec.kind):
        hold(_trained(spec, prepared.split, job, fitted, files, quick=seconds < _LONG))
    return Fit(
        candidate=candidate,
        files=files,
        keys=fingerprint_bytes(prepared.split.train_keys),
        environment=environment(spec.threads, root),
        proof=proof_of(prepared, spec, fitted, files, transform),
        resumed=getattr(fitted, "resumed", ""),
        validated=validated(prepared.split),
    )


def _prepared(job: Job, spec: ModelSpec, transform: Transform, memory: Memory) -> Prepared:
    """The job's rows; those of a portion are made ready once for all portions of them."""
    if job.portion is None:
        memory.clear()
        return _all_rows(job, spec, transform)
    table = {name: value for name, value in job.spec.items() if name not in ("params", "tune")}
    name = digest_of([table, job.snapshot.digest, job.code, job.warm and job.warm.base])
    if name not in memory:
        memory.clear()
        memory[name] = _all_rows(job, spec, transform)
    whole = memory[name]
    train, validation = (
        _bits(packed, len(whole.split.keys))
        for packed in (job.portion.train, job.portion.validation)
    )
    return replace(whole, split=whole.split.only(train, validation))


def _all_rows(job: Job, spec: ModelSpec, transform: Transform) -> Prepared:
    return prepare(
        job.snapshot,
        spec,
        lambda digest: Path(job.paths[digest]),
        root=Path(job.root),
        transform=transform,
        seen=read_fingerprint(job.warm.keys) if job.warm else None,
    )


def _bits(packed: bytes, rows: int) -> NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=rows).astype(np.bool_)


def _watched(job: Job, clock: Callable[[], float]) -> Fit:
    with Watch((job.root, *_own_kind(str(job.spec["kind"])))) as watch:
        made = fit(msgspec.structs.replace(job, watch=False), clock=clock)
    return msgspec.structs.replace(made, asked=watch.asked)


def _own_kind(name: str) -> tuple[str, ...]:
    """The file of a kind that is not keepfit's own, or its package's folder."""
    module = sys.modules[type(kind(name)).__module__]
    if module.__name__.startswith("keepfit."):
        return ()
    file = Path(module.__file__ or "")
    return (str(file.parent if file.name == "__init__.py" else file),)


def _check_unchanged(files: Mapping[str, Digest], root: Path) -> None:
    # What is imported and read here must be what the recipe will name.
    for path, digest in files.items():
        if not (root / path).is_file() or sha256_file(root / path) != digest:
            raise Refused(
                f"{path} changed after the run began: no recipe could name the code that trained",
                hint="run the command again",
            )


def _fitted(spec: ModelSpec, split: Split, job: Job) -> Fitted:
    params = params_of(spec.kind).model_validate(spec.params)
    learns = learner(spec.kind, spec.fleet, Path(job.root))
    lesson, pins = _lesson(spec, split, job.workplace), {"seed": job.seed, "threads": spec.threads}
    if job.warm is None:
        return learns.fit(lesson, params, **pins)
    before = learns.load(job.warm.files)
    return cast(Updating, learns).fit(lesson, params, **pins, warm=before)


def _lesson(spec: ModelSpec, split: Split, workplace: str | None = None) -> Lesson:
    columns = [*spec.reads, spec.target]
    return Lesson(
        features=spec.features,
        target=spec.target,
        train=counted(split.train, spec.data.origin).select(columns),
        validation=split.validation.select(columns),
        encode=spec.encode,
        workplace=Path(workplace) if workplace else None,
        series=spec.series,
        time=spec.data.time,
    )


def _trained(  # noqa: PLR0913 what was trained, and all that it came from
    spec: ModelSpec, split: Split, job: Job, fitted: Fitted, files: dict[str, bytes], *, quick: bool
) -> Trained:
    def why() -> str | None:
        with Watch((job.root, *_own_kind(spec.kind))) as watch:
            _fitted(spec, split, job)
        return next(map(str, watch.asked), None)

    return Trained(
        kind=spec.own_class or f"kind `{spec.kind}`",
        lesson=_lesson(spec, split),
        fitted=fitted,
        files=files,
        load=learner(spec.kind, spec.fleet, Path(job.root)).load,
        again=(lambda: _fitted(spec, split, job)) if quick else None,
        why=why,
    )
