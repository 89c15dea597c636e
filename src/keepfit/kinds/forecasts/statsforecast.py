"""Exponential smoothing and Theta of each series, as Nixtla's statsforecast fits them.

What is learned of a series is kept as plain data, and put back into the package's own functions to
go on from there: its objects would have to be pickled.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from keepfit.data.steps import Floats, History
from keepfit.kinds.base import Params
from keepfit.kinds.forecasts.kind import ForecastKind
from keepfit.kinds.forecasts.method import Ahead, Alone, Asked
from keepfit.kinds.forecasts.package import counted, part, quietly, ready, tried, unknown
from keepfit.kinds.forecasts.params import Ets, Theta


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
        found = tried(
            lambda: part("ets").ets_f(values, asked.season, params.model, damped=params.damped)
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
            return unknown(asked)
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
            lambda level: part("ets").forecast_ets(model, asked.horizon, level), asked
        )

    def chosen(self, taught: Iterable[dict[str, Any]]) -> dict[str, int]:
        """How often each model was chosen: A additive, M multiplicative, N none, D damped."""
        return counted(one["components"] for one in taught)


def _ets_states(values: Floats, learned: dict[str, Any], state: Floats, season: int) -> Floats:
    """The states after the values."""
    if not len(values):
        return state
    error, trend, seasonal, damped = learned["components"]
    alpha, beta, gamma, phi = _numbers(learned["parameters"])
    with quietly():
        _, _, states, _ = part("ets").pegelsresid_C(
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
        found = tried(
            lambda: part("theta").auto_theta(
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
        model = tried(
            lambda: part("theta").auto_theta(
                values, asked.season, decomposition_type=params.decomposition, **learned
            )
        )
        if model is None:
            return unknown(asked)
        horizon = asked.horizon
        return _by_levels(lambda level: part("theta").forecast_theta(model, horizon, level), asked)

    def chosen(self, taught: Iterable[dict[str, Any]]) -> dict[str, int]:
        """How often each model was chosen."""
        return counted(one["model"] for one in taught)


def _by_levels(forecast: Any, asked: Asked) -> Ahead:
    """A forecast of the package, asked for the central intervals that have these ends."""
    wide = [round(abs(2 * level - 1) * 100, 9) for level in asked.levels]
    with quietly():
        said = forecast(sorted(set(wide)) or None)
    ends = [
        said[f"{'lo' if level < 0.5 else 'hi'}-{width}"]
        for level, width in zip(asked.levels, wide, strict=True)
    ]
    quantiles = np.stack(ends, axis=1) if ends else np.empty((asked.horizon, 0))
    return Ahead(np.asarray(said["mean"], dtype=np.float64), quantiles.astype(np.float64))


def _plain(numbers: Any) -> list[float | None]:
    """As JSON has them: None for a parameter that the model lacks."""
    return [None if np.isnan(number) else float(number) for number in np.asarray(numbers)]


def _numbers(plain: list[float | None]) -> Floats:
    return np.array([np.nan if number is None else number for number in plain])


ETS = ForecastKind(Alone(EtsMethod()), ready)
THETA = ForecastKind(Alone(ThetaMethod()), ready)
