"""Exponential smoothing, Theta and ARIMA of each series, as Nixtla's statsforecast fits them.

What is learned of a series is kept as plain data, and put back into the package's own functions to
go on from there: its objects would have to be pickled.
"""

from __future__ import annotations

import functools
import importlib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from statistics import NormalDist
from typing import Any

import numpy as np

from keepfit.data.steps import Floats, History
from keepfit.errors import NotInstalled
from keepfit.kinds.base import Params
from keepfit.kinds.forecasts.kind import ForecastKind
from keepfit.kinds.forecasts.method import Ahead, Alone, Asked, normal
from keepfit.kinds.forecasts.params import AutoArima, Ets, Theta

_WHAT = "a forecast by ets, theta or auto-arima"
_INNER = 68.0  # percent that an interval holds, which tells the standard error


@functools.cache
def _part(name: str) -> Any:
    """A module of the package; NotInstalled with the command that brings it."""
    try:
        with warnings.catch_warnings(action="ignore"):  # its own imports warn of each other
            return importlib.import_module(f"statsforecast.{name}")
    except ImportError as error:
        raise NotInstalled(_WHAT, "forecast") from error


def ready() -> None:
    """NotInstalled where the package is missing; nothing of it is imported."""
    if find_spec("statsforecast") is None:
        raise NotInstalled(_WHAT, "forecast")


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the package says of searches that did not converge: others are then chosen."""
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        yield


class EtsMethod:
    """Hyndman, Koehler, Snyder and Grose (2002); what is kept are the parameters and the states at
    the end of the training, from where later values are gone through one by one."""

    name = "ets"

    @property
    def params(self) -> type[Params]:
        return Ets

    def learn(
        self, history: History, values: Floats, asked: Asked, params: Ets
    ) -> dict[str, Any] | None:
        found = _tried(
            lambda: _part("ets").ets_f(values, asked.season, params.model, damped=params.damped)
        )
        if found is None or "components" not in found:
            return None
        return {
            "components": found["components"],
            "parameters": _plain(found["par"][:4]),
            "begin": _plain(found["states"][0]),
            "state": _plain(found["states"][-1]),
            "sigma2": float(found["sigma2"]),
            "first": history.end - len(values),
            "end": history.end,
        }

    def ahead(
        self, learned: dict[str, Any], history: History, values: Floats, asked: Asked, _params: Ets
    ) -> Ahead:
        season = asked.season if learned["components"][2] != "N" else 1
        first = history.end - len(values)
        # From the end of the training on; of a time before it, from where the training began.
        start, state = (learned["end"], learned["state"])
        if history.end < start:
            start, state = learned["first"], learned["begin"]
        if not first <= start <= history.end:
            return _unknown(asked)
        states = _ets_states(values[start - first :], learned, np.array(state), season)
        parameters = _numbers(learned["parameters"])
        model = {
            "components": learned["components"],
            "m": season,
            "par": np.concatenate([parameters, states]),
            "states": states[None, :],
            "sigma2": learned["sigma2"],
            "n": 0,
            "residuals": np.empty(0),
            "fitted": np.empty(0),
        }
        return _by_levels(
            lambda level: _part("ets").forecast_ets(model, asked.horizon, level), asked
        )

    def chosen(self, taught: Iterable[dict[str, Any]]) -> dict[str, int]:
        """How often each model was chosen: A additive, M multiplicative, N none, D damped."""
        return _counted(one["components"] for one in taught)


def _ets_states(values: Floats, learned: dict[str, Any], state: Floats, season: int) -> Floats:
    """The states after the values."""
    if not len(values):
        return state
    error, trend, seasonal, damped = learned["components"]
    alpha, beta, gamma, phi = _numbers(learned["parameters"])
    with _quietly():
        _, _, states, _ = _part("ets").pegelsresid_C(
            y=values,
            m=season,
            init_state=state,
            errortype=error,
            trendtype=trend,
            seasontype=seasonal,
            damped=damped == "D",
            alpha=alpha,
            beta=beta,
            gamma=gamma,
            phi=phi,
            nmse=3,
        )
    return np.asarray(states[-1])


class ThetaMethod:
    """Assimakopoulos and Nikolopoulos (2000); Fiorucci and others (2016)."""

    name = "theta"

    @property
    def params(self) -> type[Params]:
        return Theta

    def learn(
        self, _history: History, values: Floats, asked: Asked, params: Theta
    ) -> dict[str, Any] | None:
        found = _tried(
            lambda: _part("theta").auto_theta(
                values, asked.season, model=params.model, decomposition_type=params.decomposition
            )
        )
        if found is None:
            return None
        kept = ("initial_smoothed", "alpha", "theta")
        return {"model": found["modeltype"], **{name: float(found["par"][name]) for name in kept}}

    def ahead(
        self,
        learned: dict[str, Any],
        _history: History,
        values: Floats,
        asked: Asked,
        params: Theta,
    ) -> Ahead:
        model = _tried(
            lambda: _part("theta").auto_theta(
                values, asked.season, decomposition_type=params.decomposition, **learned
            )
        )
        if model is None:
            return _unknown(asked)
        horizon = asked.horizon
        return _by_levels(lambda level: _part("theta").forecast_theta(model, horizon, level), asked)

    def chosen(self, taught: Iterable[dict[str, Any]]) -> dict[str, int]:
        """How often each model was chosen."""
        return _counted(one["model"] for one in taught)


class AutoArimaMethod:
    """Hyndman and Khandakar (2008), Journal of Statistical Software 27(3)."""

    name = "auto-arima"

    @property
    def params(self) -> type[Params]:
        return AutoArima

    def learn(
        self, _history: History, values: Floats, asked: Asked, params: AutoArima
    ) -> dict[str, Any] | None:
        found = _tried(
            lambda: _part("arima").auto_arima_f(
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
        found = _tried(lambda: self._forecast(learned, values, asked))
        return _unknown(asked) if found is None else found

    def _forecast(self, learned: dict[str, Any], values: Floats, asked: Asked) -> Ahead:
        arima, coefficients = _part("arima"), _in_order(learned)
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
        return _counted(_orders(one["arma"]) for one in taught)


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


def _tried(fit: Any) -> Any:
    """What a fit gives; None where the package cannot: the series then repeats its last season."""
    try:
        with _quietly():
            return fit()
    except NotInstalled:
        raise
    except Exception:  # noqa: BLE001 it raises plain exceptions for series that are short or odd
        return None


def _by_levels(forecast: Any, asked: Asked) -> Ahead:
    """A forecast of the package, asked for the central intervals that have these ends."""
    wide = [round(abs(2 * level - 1) * 100, 9) for level in asked.levels]
    with _quietly():
        said = forecast(sorted(set(wide)) or None)
    ends = [
        said[f"{'lo' if level < 0.5 else 'hi'}-{width}"]
        for level, width in zip(asked.levels, wide, strict=True)
    ]
    quantiles = np.stack(ends, axis=1) if ends else np.empty((asked.horizon, 0))
    return Ahead(np.asarray(said["mean"], dtype=np.float64), quantiles.astype(np.float64))


def _unknown(asked: Asked) -> Ahead:
    nothing = np.full(asked.horizon, np.nan)
    return Ahead(nothing, np.full((asked.horizon, len(asked.levels)), np.nan))


def _plain(numbers: Any) -> list[float | None]:
    """As JSON has them: None for a parameter that the model lacks."""
    return [None if np.isnan(number) else float(number) for number in np.asarray(numbers)]


def _numbers(plain: list[float | None]) -> Floats:
    return np.array([np.nan if number is None else number for number in plain])


def _counted(names: Iterable[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(Counter(names).items(), key=lambda one: (-one[1], one[0]))[:10])


ETS = ForecastKind(Alone(EtsMethod()), ready)
THETA = ForecastKind(Alone(ThetaMethod()), ready)
AUTO_ARIMA = ForecastKind(Alone(AutoArimaMethod()), ready)
