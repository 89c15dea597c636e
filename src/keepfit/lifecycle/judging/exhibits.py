"""What a report will show of a challenger, measured while its rows are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.evaluate.compare import asked_for
from keepfit.evaluate.exhibits.gather import Subject, exhibits
from keepfit.evaluate.exhibits.profile import profile
from keepfit.evaluate.metrics import get
from keepfit.evaluate.sample import Sample, classes_of
from keepfit.kinds.linear.plain import PlainModel
from keepfit.lifecycle.model import Model
from keepfit.records.evidence import Evidence
from keepfit.records.exhibits import Profile

if TYPE_CHECKING:
    from keepfit.data.prepare import Prepared
    from keepfit.kinds.base import Prediction
    from keepfit.train.predictor import Predictor


def profile_of(prepared: Prepared, spec: ModelSpec) -> Profile:
    """What the columns of the training rows hold."""
    rows = prepared.split.train if prepared.sample is None else prepared.sample
    return profile(rows, (spec.target, *spec.features))


def subject_of(predictor: Predictor, learned: Profile | None) -> Subject:
    """What to show of a model; one with coefficients tells what a feature does by them."""
    linear = isinstance(predictor.fitted, PlainModel) or predictor.series is not None
    explain = getattr(predictor.fitted, "shap", None)
    predict = None if linear else predictor.on_prepared
    return Subject(learned, predict, explain, predictor.series, predictor.data.time or "")


def showing(  # noqa: PLR0913 the evidence and the two sides on its rows
    evidence: Evidence,
    model: Model,
    subject: Subject,
    rows: pl.DataFrame,
    challenger: Prediction,
    champion: Prediction | None,
) -> Evidence:
    """The evidence with its exhibits, made of the rows that both sides were scored on."""
    spec = model.spec
    truth = rows[spec.target]
    present = (challenger, champion) if champion else (challenger,)
    classes = classes_of(truth, *present) if model.task == "classification" else ()
    own = model.own_metrics()
    names = dict.fromkeys(
        (evidence.metric, *asked_for(spec.gate, model.task, len(classes), spec.series))
    )
    made = exhibits(
        subject,
        Sample(truth, challenger, classes, rows),
        Sample(truth, champion, classes, rows) if champion else None,
        [own.get(name) or get(name) for name in names],
        features=spec.features,
        target=spec.target,
        confidence=spec.gate.confidence,
        seed=spec.split.seed,
    )
    return msgspec.structs.replace(evidence, exhibits=made)
