"""The model's benchmarks: their cases are read once, and each side is asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from keepfit.config.schema.gate import Benchmark
from keepfit.data.cases import read_cases
from keepfit.data.types.conform import REASON, conform
from keepfit.digest import Digest
from keepfit.errors import KeepfitError
from keepfit.evaluate.benchmark import Answers, Cases
from keepfit.evaluate.metrics import Metric, get
from keepfit.evaluate.names import REGRESSION
from keepfit.lifecycle.model import Model

if TYPE_CHECKING:
    from keepfit.train.predictor import Predictor


def cases_of(
    model: Model, before: Mapping[str, Digest | None], dtype: pl.DataType
) -> tuple[Cases, ...]:
    """The cases of every benchmark of the model, `dtype` being the target's type.

    `before` holds the digests of the files that the champion was judged on. What cannot be read is
    there with its error: the gate refuses it, and says why.
    """
    return tuple(
        _cases(model, name, spec, before.get(name), dtype)
        for name, spec in model.spec.benchmark.items()
    )


def answers(cases: tuple[Cases, ...], predictor: Predictor) -> dict[str, Answers]:
    """What a model says of each benchmark's cases, or why it can say nothing."""
    return {each.name: _answers(each, predictor) for each in cases if not each.error}


def _cases(
    model: Model, name: str, spec: Benchmark, before: Digest | None, dtype: pl.DataType
) -> Cases:
    nothing = pl.Series(values=[], dtype=pl.String)
    metric = metric_of(model, spec)
    try:
        read = read_cases(model.root / spec.file, spec, model.spec.target, dtype)
    except KeepfitError as error:
        told = str(error).replace(f"{model.root}/", "")  # the evidence is the same in any folder
        return Cases(
            name, spec.file, None, before, metric, nothing, pl.DataFrame(), nothing, 0, told
        )
    return Cases(
        name=name,
        file=spec.file,
        digest=read.digest,
        before=before,
        metric=metric,
        names=read.names,
        rows=read.rows,
        expected=read.expected,
        ambiguous=read.ambiguous,
    )


def metric_of(model: Model, spec: Benchmark) -> Metric:
    """What the benchmark is measured by, own or known."""
    name = spec.metric or ("mae" if model.task == REGRESSION else "accuracy")
    return model.own_metrics().get(name) or get(name)


def _answers(cases: Cases, predictor: Predictor) -> Answers:
    try:
        rows = conform(cases.rows, predictor.schema).collect()
        if bad := rows.filter(pl.col(REASON).is_not_null())[REASON].to_list():
            return f"{len(bad):,} cases cannot be read; the first: {bad[0]}"
        said = predictor.predict_every(rows.drop(REASON))
    except KeepfitError as error:
        return str(error)
    if len(said.values) != len(cases.expected):
        return f"{len(said.values):,} answers for {len(cases.expected):,} cases"
    return said


def file_problem(root: Path, spec: Benchmark, target: str) -> str | None:
    """What is wrong with a benchmark's file, as far as its head tells; or None."""
    from keepfit.data.cases import missing_columns

    try:
        return missing_columns(root / spec.file, spec, target)
    except KeepfitError as error:
        return f"is '{spec.file}': {error}"
