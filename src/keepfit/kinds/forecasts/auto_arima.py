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
from keepfit.kinds.forecasts.given import beside, independent
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
        self, history: History, values: Floats, asked: Asked, params: AutoArima
    ) -> dict[str, Any] | None:
        """Orders and coefficients, and which columns are regressors; without any where those that
        are there make no model."""
        known = _beside(history, values, asked, asked.dynamic)[: len(values)]
        used = independent(known)
        found = _searched(values, known[:, used], asked, params) if used else None
        if found is None or "ex_1" not in found["coef"]:
            used, found = [], _searched(values, None, asked, params)
        if found is None:
            return None
        learned = {
            "arma": [int(order) for order in found["arma"]],
            "coefficients": {name: float(value) for name, value in found["coef"].items()},
            "sigma2": float(found["sigma2"]),
        }
        return learned | (
            {"regressors": [asked.dynamic[at] for at in used]} if asked.dynamic else {}
        )

    def ahead(
        self,
        learned: dict[str, Any],
        history: History,
        values: Floats,
        asked: Asked,
        _params: AutoArima,
    ) -> Ahead:
        known = _beside(history, values, asked, learned.get("regressors", ()))
        found = tried(lambda: _forecast(learned, values, known, asked))
        return unknown(asked) if found is None else found

    def chosen(self, taught: Iterable[dict[str, Any]]) -> dict[str, int]:
        """How often each order was chosen, as (p,d,q)(P,D,Q)."""
        return counted(_orders(one["arma"]) for one in taught)


def _beside(history: History, values: Floats, asked: Asked, names: Iterable[str]) -> Floats:
    """What these columns hold in the steps of the values, and in those that are forecast."""
    places = [asked.dynamic.index(name) for name in names]
    if history.given is None or not places:
        return np.empty((len(values) + asked.horizon, 0))
    numbers = np.arange(history.end - len(values), history.end + asked.horizon)
    return beside(history.given, numbers)[:, places]


def _searched(
    values: Floats, known: Floats | None, asked: Asked, params: AutoArima
) -> dict[str, Any] | None:
    """The model that the package chooses; None where there is none."""
    found: dict[str, Any] | None = tried(
        lambda: part("arima").auto_arima_f(
            values,
            xreg=known,
            period=asked.season,
            approximation=params.approximation,
            stepwise=params.stepwise,
            nmodels=params.models,
            max_order=params.max_order,
        )
    )
    if found is None or "arma" not in found or not np.isfinite(found["sigma2"]):
        return None
    return None if known is not None and _spent(found, len(values)) else found


def _spent(found: dict[str, Any], steps: int) -> bool:
    """Whether there are as many parameters as steps to learn them of: AICc is then none, and the
    package may choose the model for it."""
    *_, season, d, seasonal_d = found["arma"]
    return bool(steps - d - season * seasonal_d <= len(found["coef"]) + 2)


def _forecast(learned: dict[str, Any], values: Floats, known: Floats, asked: Asked) -> Ahead:
    arima, coefficients = part("arima"), _in_order(learned)
    past, future = (known[: len(values)], known[len(values) :]) if known.size else (None, None)
    drift = np.arange(1.0, len(values) + 1)[:, None] if "drift" in coefficients else None
    columns = [one for one in (drift, past) if one is not None]
    model = arima.forward_arima(
        {
            "arma": tuple(learned["arma"]),
            "coef": coefficients,
            "sigma2": learned["sigma2"],
            "lambda": None,
            "x": values,
            "xreg": np.hstack(columns) if columns else None,
        },
        values,
        xreg=past,
    )
    said = arima.forecast_arima(model, h=asked.horizon, xreg=future, level=[_INNER])
    mean = np.asarray(said["mean"], dtype=np.float64)
    # an interval is so many of the package's standard errors wide
    upper = np.asarray(said["upper"], dtype=np.float64)[:, 0]
    deviation = (upper - mean) / NormalDist().inv_cdf(0.5 + _INNER / 200)
    return normal(mean, deviation, asked.levels)


def _in_order(learned: dict[str, Any]) -> dict[str, float]:
    """The coefficients as the package has them, which takes them by their places: files have them
    by their names."""
    p, q, seasonal_p, seasonal_q, *_ = learned["arma"]
    counts = {"ar": p, "ma": q, "sar": seasonal_p, "sma": seasonal_q}
    names = [f"{name}{at}" for name, count in counts.items() for at in range(1, count + 1)]
    names += ["intercept", "drift"]
    names += [f"ex_{at + 1}" for at in range(len(learned.get("regressors", ())))]
    found = learned["coefficients"]
    return {name: found[name] for name in names if name in found}


def _orders(arma: list[int]) -> str:
    p, q, seasonal_p, seasonal_q, _, d, seasonal_d = arma
    return f"({p},{d},{q})({seasonal_p},{seasonal_d},{seasonal_q})"


KIND = ForecastKind(Alone(AutoArimaMethod(), reads=("dynamic",)), ready)
