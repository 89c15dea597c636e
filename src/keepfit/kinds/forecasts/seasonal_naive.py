"""The seasonal naive forecast: what was a season ago, and how far that was off in the past."""

from __future__ import annotations

from typing import Any

from keepfit.data.steps import Floats, History
from keepfit.kinds.base import Params
from keepfit.kinds.forecasts.kind import ForecastKind
from keepfit.kinds.forecasts.method import Ahead, Alone, Asked, seasonal_naive
from keepfit.kinds.forecasts.params import SeasonalNaive


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


KIND = ForecastKind(Alone(SeasonalNaiveMethod()))
