"""The seasonal naive forecast: what was a season ago, and how far that was off in the past."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepfit.data.steps import Floats, History
from keepfit.kinds.base import Params
from keepfit.kinds.forecast import Ahead, Asked, ForecastKind, normal
from keepfit.kinds.forecast_params import SeasonalNaive


class SeasonalNaiveMethod:
    """Hyndman and Athanasopoulos, Forecasting: principles and practice, 5.2 and 5.5."""

    name = "seasonal-naive"

    @property
    def params(self) -> type[Params]:
        return SeasonalNaive

    def learn(
        self, _history: History, _values: Floats, _asked: Asked, _params: Any
    ) -> dict[str, Any]:
        """Nothing: all that it says are the last steps."""
        return {}

    def ahead(
        self, _learned: Any, _history: History, values: Floats, asked: Asked, _params: Any
    ) -> Ahead:
        return seasonal_naive(values, asked)


def seasonal_naive(values: Floats, asked: Asked) -> Ahead:
    """Of each step what was seasons before; a series without a whole season repeats its last."""
    season = asked.season if len(values) >= asked.season else 1
    steps = np.arange(asked.horizon)
    mean = values[-season:][steps % season]
    errors = values[season:] - values[:-season]
    spread = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    return normal(mean, spread * np.sqrt(steps // season + 1), asked.levels)


KIND = ForecastKind(SeasonalNaiveMethod())
