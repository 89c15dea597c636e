"""What the errors of a forecast are measured in on rows that are no holdout: what its version keeps
tells how the series moved when it was trained."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

import polars as pl

from keepfit.data.series import moves
from keepfit.data.steps import PHASE, STEP, earlier, numbered
from keepfit.lifecycle.open import Opened
from keepfit.records.training import Candidate

if TYPE_CHECKING:
    from keepfit.kinds.base import Observing
    from keepfit.train.predictor import Predictor


def with_scale(rows: pl.DataFrame, raw: pl.DataFrame, opened: Opened) -> pl.DataFrame:
    """The rows, which came in as `raw`, with the scale that their series had when the version was
    judged; as they are where it does not keep its training rows."""
    past = learned_by(opened.predictor, opened.manifest.candidate)
    return rows if past is None else rows.with_columns(scale_of(raw, past, opened.predictor))


def learned_by(predictor: Predictor, candidate: Candidate) -> pl.DataFrame | None:
    """The training rows of a forecast as it keeps them; None where it does not: it forecasts
    nothing, or looks at the last steps alone.

    What it observed later is no part of them: these may be the rows that it is to be measured on.
    """
    series, time, begins = predictor.series, predictor.data.time, candidate.split.cut
    if series is None or time is None or series.context is not None or begins is None:
        return None
    kept = cast("Observing", predictor.fitted).kept()
    steps = numbered(kept, series, time).select(STEP, PHASE)
    past = earlier(kept.hstack(steps), datetime.fromisoformat(begins), series)
    return past.drop(STEP, PHASE)


def scale_of(raw: pl.DataFrame, past: pl.DataFrame, predictor: Predictor) -> pl.Series:
    """Of rows as they came in, how their series moved in the `past` that a version has kept.

    What names a series is what that version derives, whatever the file says by now.
    """
    series, time = predictor.series, predictor.data.time
    assert series is not None and time is not None  # noqa: S101, PT018 the caller has looked
    return moves(predictor.observed(raw), past, series, time, predictor.target)
