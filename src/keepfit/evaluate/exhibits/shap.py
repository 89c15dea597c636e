"""How far each feature moves what a model says: mean absolute SHAP values (Lundberg, 2017)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from keepfit.evaluate.exhibits.rounding import every_nth, rounded
from keepfit.records.exhibits import Shap

MOST_FEATURES, MOST_ROWS = 30, 500

Explain = Callable[[pl.DataFrame], Mapping[str, float] | None]


def shap(
    explain: Explain, rows: pl.DataFrame, features: tuple[str, ...]
) -> tuple[tuple[Shap, ...], int]:
    """The 30 weightiest features, the weightiest first, and on how many rows; none where the model
    has no such values."""
    few = rows[every_nth(rows.height, MOST_ROWS)]
    values = explain(few.select(features))
    if values is None:
        return (), 0
    worth = [Shap(feature=name, value=rounded(value)) for name, value in values.items()]
    worth.sort(key=lambda one: (-one.value, one.feature))
    return tuple(worth[:MOST_FEATURES]), few.height
