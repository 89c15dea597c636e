"""How one series is forecast: what is asked of a method, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple, Protocol

import numpy as np

from keepfit.config.schema.series import Series
from keepfit.data.steps import Floats, History
from keepfit.kinds.base import Params


class Asked(NamedTuple):
    """What is asked of every series."""

    season: int
    horizon: int
    levels: tuple[float, ...]  # of the quantiles

    @classmethod
    def of(cls, series: Series) -> Asked:
        return cls(series.season, series.horizon, series.quantiles)


class Ahead(NamedTuple):
    """What is forecast of the next steps of a series."""

    mean: Floats
    quantiles: Floats  # (steps, levels)

    @property
    def known(self) -> bool:
        """Whether every number of it is one."""
        return bool(np.isfinite(self.mean).all() and np.isfinite(self.quantiles).all())


def normal(mean: Floats, deviation: Floats, levels: Sequence[float]) -> Ahead:
    """Errors as normal as they are taken to be."""
    away = np.array([NormalDist().inv_cdf(level) for level in levels])
    return Ahead(mean, mean[:, None] + deviation[:, None] * away[None, :])


class Method(Protocol):
    """How one series is forecast."""

    # of the kind
    name: str

    @property
    def params(self) -> type[Params]: ...

    # what is learned of a series, as plain data; None where it is too short for anything
    def learn(
        self, history: History, values: Floats, asked: Asked, params: Any, /
    ) -> dict[str, Any] | None: ...

    # what follows on a history, by what was learned of it or of an earlier one; `values` are those
    # of its last steps that may be looked at, none missing
    def ahead(
        self,
        learned: dict[str, Any],
        history: History,
        values: Floats,
        asked: Asked,
        params: Any,
        /,
    ) -> Ahead: ...


def seasonal_naive(values: Floats, asked: Asked) -> Ahead:
    """Of each step what was seasons before; a series without a whole season repeats its last."""
    season = asked.season if len(values) >= asked.season else 1
    steps = np.arange(asked.horizon)
    mean = values[-season:][steps % season]
    errors = values[season:] - values[:-season]
    spread = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    return normal(mean, spread * np.sqrt(steps // season + 1), asked.levels)
