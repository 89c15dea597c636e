"""Neural networks for tables: torch lets them learn, numpy alone lets them answer."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import polars as pl

from keepfit.__version__ import __version__
from keepfit.digest import canonical
from keepfit.errors import NotInstalled, UserError
from keepfit.kinds.base import Fitted, Lesson, Params, Prediction
from keepfit.kinds.encode import Floats, learn
from keepfit.kinds.encoding import Encoding
from keepfit.kinds.labels import class_weights, classes_of, codes_among, validation_of
from keepfit.kinds.mlp.file import (
    Course,
    Header,
    Target,
    check_shapes,
    files_of,
    read_course,
    read_header,
)
from keepfit.kinds.mlp.inputs import inputs_of
from keepfit.kinds.mlp.network import Network
from keepfit.kinds.mlp.params import Mlp, MlpClassifier, MlpRegressor
from keepfit.kinds.mlp.shape import shape_of
from keepfit.kinds.mlp.training import Examples, Plan, start_of, train
from keepfit.kinds.mlp.unfinished import Unfinished, key_of
from keepfit.kinds.scores import prediction_of
from keepfit.kinds.target import target_of
from keepfit.kinds.tensors import WEIGHTS, tensors, written
from keepfit.records.base import Label

_WIDEST = 50  # numbers that stand for a level, unless the file says so
_KERNELS = ("ATEN_CPU_CAPABILITY", "MKL_CBWR")  # settings that decide how torch adds up


class MlpModel:
    """A network that has learned; it keeps the protocol `Fitted`."""

    resumed = ""  # where its training went on, if an earlier one was ended; no file tells

    def __init__(self, header: Header, weights: bytes, course: Course) -> None:
        """Corrupt where the weights are not those of the header."""
        self.header, self._weights, self.course = header, weights, course
        self.network = _network(header, weights)

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels it knows, sorted; empty for a regression."""
        return self.header.classes

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """One answer a row; UserError or UnknownName for a column that it cannot read."""
        inputs = inputs_of(self.header.encoding, rows, scale=self.header.scale)
        scores = self.network.scores(inputs)
        if target := self.header.target:
            scores = scores * target.deviation + target.mean
        return prediction_of(scores, self.classes)

    def expression(self) -> None:
        """There is none."""

    def save(self) -> dict[str, bytes]:
        """`model.json`, the weights as safetensors, and what was lost in each epoch."""
        return files_of(self.header, self._weights, self.course)

    def describe(self) -> dict[str, Any]:
        """What it is made of, how it learned, and the encoding."""
        header = self.header
        names = [category.name for category in header.encoding.categories]
        return {
            "kind": header.kind,
            "loss": header.loss,
            "hidden": list(header.hidden),
            "embedding": dict(zip(names, header.vectors, strict=True)),
            "weights": sum(one.size for one in self.network.weights.values()),
            "kept epoch": self.course.kept,
            "epochs": list(msgspec.to_builtins(self.course.epochs)),
            "encoding": msgspec.to_builtins(header.encoding),
        }


@dataclass(frozen=True, slots=True)
class MlpKind:
    """Fits and loads networks; it keeps the protocols `Kind` and `Updating`."""

    name: str
    params: type[Mlp]

    def task(self, params: Params) -> str:  # noqa: ARG002 (the protocol's; estimators need it)
        """`regression` or `classification`."""
        return "classification" if self.name.endswith("-classifier") else "regression"

    def no_update(self, params: Params) -> None:
        """It always can: from the weights that are there."""

    def fit(
        self, lesson: Lesson, params: Params, *, seed: int, threads: int, warm: Fitted | None = None
    ) -> MlpModel:
        """The network that the training rows teach, for as long as the validation rows bear it out.

        From `warm` its weights go on, reading rows as it does: a level that is new to it stays an
        unknown one. UserError for columns it cannot read, or a network of another shape.
        """
        wanted = self.params.model_validate(params)
        torch = _torch(self.name)
        before = warm if isinstance(warm, MlpModel) else None
        header, target = self._header(wanted, lesson, before)
        examples = _examples(header, wanted, lesson.train, target)
        judges = validation_of(lesson, header.classes)
        validation = _examples(header, wanted, *judges) if judges else None
        shape = shape_of(header)
        plan = Plan(
            shape=shape,
            params=wanted,
            unit=_unit(header),
            start=dict(before.network.weights) if before else start_of(shape, seed),
            goes_on=before is not None,
            seed=seed,
            threads=threads,
        )
        unfinished = Unfinished(lesson.workplace)
        if lesson.workplace:
            key = key_of(_facts(torch, header, plan, examples, validation))
            unfinished = Unfinished(lesson.workplace, key)
        weights, course, done = train(torch, plan, examples, validation, unfinished)
        # What is judged is what was written, not what was in memory before.
        model = MlpModel(header, written(self.name, weights), course)
        model.resumed = f"after epoch {done} of {wanted.epochs}" if done else ""
        return model

    def load(self, files: Mapping[str, bytes]) -> MlpModel:
        """The model that was saved; Corrupt if these are not its files."""
        header = read_header(self.name, files)
        tensors(self.name, files.get(WEIGHTS))  # Corrupt where they are missing
        return MlpModel(header, files[WEIGHTS], read_course(files))

    def _header(
        self, wanted: Mlp, lesson: Lesson, before: MlpModel | None
    ) -> tuple[Header, np.ndarray]:
        """What the network will be, and the target: numbers, or the places of the labels."""
        if self.task(wanted) == "regression":
            classes: tuple[Label, ...] = ()
            target: np.ndarray = target_of(lesson)
        elif before:
            classes, target = before.classes, codes_among(lesson, before.classes)
        else:
            classes, target = classes_of(lesson)
        if before:
            _check_shape(wanted, before.header)
            loss, share = wanted.goal, wanted.share
            return msgspec.structs.replace(before.header, loss=loss, quantile=share), target
        encoding = learn(lesson.train, lesson.features, lesson.encode)
        header = Header(
            format=1,
            kind=self.name,
            encoding=encoding,
            scale=lesson.encode.scale is not False,
            hidden=wanted.hidden,
            vectors=_vectors(encoding, wanted),
            loss=wanted.goal,
            quantile=wanted.share,
            target=None if classes else _scale_of(target, lesson.target),
            classes=classes,
        )
        return header, target


def _network(header: Header, weights: bytes) -> Network:
    shape, found = shape_of(header), tensors(header.kind, weights)
    check_shapes(found, shape.arrays)
    arrays = {
        name: np.frombuffer(found[name]["data"], "<f4").astype(np.float32).reshape(size)
        for name, size in shape.arrays.items()
    }
    return Network(shape, arrays)


def _examples(header: Header, wanted: Mlp, rows: pl.DataFrame, target: np.ndarray) -> Examples:
    inputs = inputs_of(header.encoding, rows, scale=header.scale)
    if unit := header.target:
        return Examples(inputs, (target - unit.mean) / unit.deviation)
    balanced = wanted.weights == "balanced"
    weights = class_weights(target, len(header.classes))[target] if balanced else None
    return Examples(inputs, target, weights)


def _scale_of(target: Floats, name: str) -> Target:
    with np.errstate(over="ignore", invalid="ignore"):  # it is refused by name
        mean, deviation = float(target.mean()), float(target.std())
    if not np.isfinite(deviation):
        raise UserError(
            f"target `{name}` holds numbers whose squares are beyond any float",
            hint=f'make them smaller under `derive`, such as "{name} / 1e100"',
        )
    return Target(mean, deviation or 1.0)


def _unit(header: Header) -> float:
    """What a loss of 1 is in the target's own unit."""
    if header.target is None:
        return 1.0
    deviation = header.target.deviation
    return deviation**2 if header.loss == "squared_error" else deviation


def _vectors(encoding: Encoding, wanted: Mlp) -> tuple[int, ...]:
    """For each category, how many numbers stand for a level."""
    sizes = [max(category.size, 1) for category in encoding.categories]
    return tuple(
        wanted.embedding or min(size, _WIDEST, max(1, round(1.6 * size**0.56))) for size in sizes
    )


def _check_shape(wanted: Mlp, before: Header) -> None:
    """UserError where the network to go on from is of another shape than the file says."""
    for name, now, was in (
        ("hidden", wanted.hidden, before.hidden),
        ("embedding", _vectors(before.encoding, wanted), before.vectors),
    ):
        if now != was:
            raise UserError(
                f"params.{name} asks for {list(now)}, and the network to go on from has "
                f"{list(was)}: its weights fit no other",
                hint='train from scratch: train = "window" or "all"',
            )


def _facts(
    torch: Any, header: Header, plan: Plan, examples: Examples, validation: Examples | None
) -> Iterator[bytes | str | np.ndarray]:
    """Everything that decides what comes out."""
    yield from (__version__, str(torch.__version__), torch.backends.cpu.get_cpu_capability())
    yield from (os.environ.get(name, "") for name in _KERNELS)
    yield from (canonical(header), plan.params.model_dump_json())
    yield f"{plan.seed} {plan.threads} {plan.goes_on}"
    for name, one in sorted(plan.start.items()):
        yield from (name, np.ascontiguousarray(one))
    for some in (examples, validation):
        yield from some.arrays() if some else ("none",)


def _torch(kind: str) -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise NotInstalled(f"kind `{kind}`", "torch") from error


CLASSIFIER = MlpKind("mlp-classifier", MlpClassifier)
REGRESSOR = MlpKind("mlp-regressor", MlpRegressor)
