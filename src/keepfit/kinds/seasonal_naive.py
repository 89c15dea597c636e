"""The seasonal naive forecast: what was a season ago, and how far that was off in the past."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepfit.data.steps import Floats
from keepfit.kinds.base import Params
from keepfit.kinds.forecast import Ahead, ForecastKind, normal
from keepfit.kinds.forecast_params import SeasonalNaive


class SeasonalNaiveMethod:
    """Hyndman and Athanasopoulos, Forecasting: principles and practice, 5.2 and 5.5."""

    name = "seasonal-naive"

    @property
    def params(self) -> type[Params]:
        return SeasonalNaive

    def learn(self, _values: Floats, _season: int, _params: Any) -> dict[str, Any]:
        """Nothing: all that it says are the last steps."""
        return {}

    def ahead(
        self, _learned: dict[str, Any], values: Floats, season: int, horizon: int, _params: Any
    ) -> Ahead:
        return seasonal_naive(values, season, horizon)


def seasonal_naive(values: Floats, season: int, horizon: int) -> Ahead:
    """Of each step what was seasons before; a series without a whole season repeats its last."""
    season = season if len(values) >= season else 1
    mean = np.resize(values[-season:], horizon)
    errors = values[season:] - values[:-season]
    spread = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    return normal(mean, spread * np.sqrt(np.arange(horizon) // season + 1))


KIND = ForecastKind(SeasonalNaiveMethod())
