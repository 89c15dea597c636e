"""What the kinds that forecast take from `[model.NAME.params]`; light."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keepfit.kinds.base import Params


class SeasonalNaive(Params):
    """What was a season ago, of each series; the one to beat."""


class Ets(Params):
    """Exponential smoothing of each series, chosen among all by AICc."""

    model: Annotated[str, Field(pattern=r"^[AMZ][NAMZ][NAMZ]$")] = "ZZZ"
    """error, trend and season: A additive, M multiplicative, N none, Z chosen"""
    damped: bool | None = None
    """whether the trend fades; else chosen"""


class Theta(Params):
    """The Theta method of each series: the best of the standard, optimised and dynamic ones."""

    model: Literal["STM", "OTM", "DSTM", "DOTM"] | None = None
    """standard (STM) or optimised (OTM), or dynamic: DSTM, DOTM; else chosen"""
    decomposition: Literal["multiplicative", "additive"] = "multiplicative"
    """how a season is taken out before"""


class AutoArima(Params):
    """An ARIMA model of each series, its orders chosen stepwise by AICc."""

    approximation: bool | None = None
    """choose by conditional sums of squares; else where a series is longer than 150 steps or a
    season than 12, as R does"""
    stepwise: bool = True
    """false: every combination of orders is tried"""
    models: Annotated[int, Field(ge=10)] = 94  # statsforecast fails with fewer than it begins with
    """how many the stepwise search looks at, at most"""
    max_order: Annotated[int, Field(ge=0)] = 5
    """of p + q + P + Q"""
