"""Every exhibit of one challenger, each with its reason where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from keepfit.config.schema.series import Series
from keepfit.evaluate.exhibits.calibration import calibration, top_k
from keepfit.evaluate.exhibits.confusion import confusion
from keepfit.evaluate.exhibits.fans import fans
from keepfit.evaluate.exhibits.importance import Predict, importance
from keepfit.evaluate.exhibits.intervals import intervals
from keepfit.evaluate.exhibits.residuals import residuals
from keepfit.evaluate.exhibits.shap import Explain, shap
from keepfit.evaluate.metrics import Metric
from keepfit.evaluate.names import REGRESSION
from keepfit.evaluate.sample import NotMeasurable, Sample
from keepfit.records.exhibits import Exhibits, Profile


@dataclass(frozen=True, slots=True)
class Subject:
    """What exhibits are made of, beside the rows of the holdout and the answers on them."""

    profile: Profile | None  # of the training rows; None: nobody knows them any more
    predict: Predict | None  # None: the model tells its coefficients, which say more
    explain: Explain | None = None  # None: its kind has no SHAP values
    series: Series | None = None  # of a forecast
    time: str = ""  # the column that says when a row happened
    past: pl.DataFrame | None = None  # the training rows, where they are known


def exhibits(  # noqa: PLR0913 two sides on the same rows, and what they are measured in
    subject: Subject,
    challenger: Sample,
    champion: Sample | None,
    metrics: list[Metric],
    *,
    features: tuple[str, ...],
    target: str,
    confidence: float,
    seed: int,
) -> Exhibits:
    """
    The exhibits on a challenger, whose `rows` are the holdout, ready. The first metric is the
    gate's. What cannot be measured is named in `missing` with the reason.
    """
    made = _Made()
    if challenger.task == REGRESSION:
        made.add("residuals", lambda: residuals(challenger))
    else:
        made.add("calibration", lambda: calibration(challenger))
        made.add(("confusion", "confused"), lambda: confusion(challenger))
        if len(challenger.classes) > 2:
            made.add("top_k", lambda: top_k(challenger))
    if subject.predict is not None and challenger.rows is not None:
        predict, rows, classes = subject.predict, challenger.rows, challenger.classes
        made.add(
            ("importance", "importance_rows"),
            lambda: importance(predict, rows, features, target, metrics[0], classes, seed),
        )
    if subject.explain is not None and challenger.rows is not None:
        explain, rows = subject.explain, challenger.rows
        made.add(("shap", "shap_rows"), lambda: shap(explain, rows, features))
    if subject.series is not None and subject.past is not None:
        series, past = subject.series, subject.past
        made.add("fans", lambda: fans(challenger, past, series, subject.time))
    if subject.profile is None:
        made.missing["profile"] = "the evidence of its training did not describe the rows"
    return Exhibits(
        confidence=confidence,
        intervals=intervals(metrics, challenger, champion, confidence),
        profile=subject.profile,
        missing=made.missing,
        **made.found,
    )


class _Made:
    """Exhibits by their names, and why others are not there."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.missing: dict[str, str] = {}

    def add(self, names: str | tuple[str, ...], make: Callable[[], Any]) -> None:
        try:
            made = make()
        except NotMeasurable as error:
            self.missing[names if isinstance(names, str) else names[0]] = str(error)
            return
        self.found |= (
            {names: made} if isinstance(names, str) else dict(zip(names, made, strict=True))
        )
