"""ARIMA of each series, its orders chosen as Nixtla's statsforecast chooses them.

What is learned of a series is kept as plain data, and put back into the package's own functions to
go on from there: its objects would have to be pickled.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

import numpy as np

from keepfit.data.steps import Floats, History
from keepfit.kinds.base import Params
from keepfit.kinds.forecasts.kind import ForecastKind
from keepfit.kinds.forecasts.method import Ahead, Alone, Asked, normal
from keepfit.kinds.forecasts.package import counted, part, ready, tried, unknown
from keepfit.kinds.forecasts.params import AutoArima

_INNER = 68.0  # percent that an interval holds, which tells the standard error


class AutoArimaMethod:
    """Hyndman and Khandakar (2008), Journal of Statistical Software 27(3)."""

    name = "auto-arima"

    @property
    def params(self) -> type[Params]:
        return AutoArima

    def learn(
        self, _history: History, values: Floats, asked: Asked, params: AutoArima
    ) -> dict[str, Any] | None:
        found = tried(
            lambda: part("arima").auto_arima_f(
                values,
                period=asked.season,
                approximation=params.approximation,
                stepwise=params.stepwise,
                nmodels=params.models,
                max_order=params.max_order,
            )
        )
        if found is None or "arma" not in found or not np.isfinite(found["sigma2"]):
            return None
        return {
            "arma": [int(order) for order in found["arma"]],
            "coefficients": {name: float(value) for name, value in found["coef"].items()},
            "sigma2": float(found["sigma2"]),
        }

    def ahead(
        self,
        learned: dict[str, Any],
        _history: History,
        values: Floats,
        asked: Asked,
        _params: AutoArima,
    ) -> Ahead:
        found = tried(lambda: self._forecast(learned, values, asked))
        return unknown(asked) if found is None else found

    def _forecast(self, learned: dict[str, Any], values: Floats, asked: Asked) -> Ahead:
        arima, coefficients = part("arima"), _in_order(learned)
        drift = np.arange(1.0, len(values) + 1)[:, None] if "drift" in coefficients else None
        model = arima.forward_arima(
            {
                "arma": tuple(learned["arma"]),
                "coef": coefficients,
                "sigma2": learned["sigma2"],
                "lambda": None,
                "x": values,
                "xreg": drift,
            },
            values,
        )
        said = arima.forecast_arima(model, h=asked.horizon, level=[_INNER])
        mean = np.asarray(said["mean"], dtype=np.float64)
        # an interval is so many of the package's standard errors wide
        upper = np.asarray(said["upper"], dtype=np.float64)[:, 0]
        deviation = (upper - mean) / NormalDist().inv_cdf(0.5 + _INNER / 200)
        return normal(mean, deviation, asked.levels)

    def chosen(self, taught: Iterable[dict[str, Any]]) -> dict[str, int]:
        """How often each order was chosen, as (p,d,q)(P,D,Q)."""
        return counted(_orders(one["arma"]) for one in taught)


def _in_order(learned: dict[str, Any]) -> dict[str, float]:
    """The coefficients as the package has them, which takes them by their places: files have them
    by their names."""
    p, q, seasonal_p, seasonal_q, *_ = learned["arma"]
    counts = {"ar": p, "ma": q, "sar": seasonal_p, "sma": seasonal_q}
    names = [f"{name}{at}" for name, count in counts.items() for at in range(1, count + 1)]
    found = learned["coefficients"]
    return {name: found[name] for name in (*names, "intercept", "drift") if name in found}


def _orders(arma: list[int]) -> str:
    p, q, seasonal_p, seasonal_q, _, d, seasonal_d = arma
    return f"({p},{d},{q})({seasonal_p},{seasonal_d},{seasonal_q})"


KIND = ForecastKind(Alone(AutoArimaMethod()), ready)
