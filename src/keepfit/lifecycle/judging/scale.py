"""What the errors of a forecast are measured in on rows that are no holdout: what its version keeps
tells how the series moved when it was trained."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

import polars as pl

from keepfit.data.series import moves
from keepfit.data.steps import PHASE, STEP, earlier, numbered
from keepfit.lifecycle.open import Opened

if TYPE_CHECKING:
    from keepfit.kinds.base import Observing
    from keepfit.train.predictor import Predictor


def with_scale(rows: pl.DataFrame, raw: pl.DataFrame, opened: Opened) -> pl.DataFrame:
    """The rows, which came in as `raw`, with the scale that their series had when the version was
    judged.

    As they are where the version does not keep its training rows: it forecasts nothing, or looks at
    the last steps alone. What it observed later is no part of the scale: these may be the rows.
    """
    predictor, begins = opened.predictor, opened.manifest.candidate.split.cut
    series, time = predictor.series, predictor.data.time
    if series is None or time is None or series.context is not None or begins is None:
        return rows
    kept = cast("Observing", predictor.fitted).kept()
    steps = numbered(kept, series, time).select(STEP, PHASE)
    past = earlier(kept.hstack(steps), datetime.fromisoformat(begins), series)
    return rows.with_columns(scale_of(raw, past.drop(STEP, PHASE), predictor))


def scale_of(raw: pl.DataFrame, past: pl.DataFrame, predictor: Predictor) -> pl.Series:
    """Of rows as they came in, how their series moved in a `past` that a version of a forecast
    kept. What names a series is what that version derives, whatever the file says by now."""
    series, time = predictor.series, predictor.data.time
    assert series is not None and time is not None  # noqa: S101, PT018 the caller has looked
    return moves(predictor.observed(raw), past, series, time, predictor.target)
