"""What the kinds that forecast take from `[model.NAME.params]`; light."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from keepfit.kinds.base import Params
from keepfit.kinds.bounds import Dropout, Penalty, Rate, Rounds, Width

# the kinds that read a key of `series`, in words
READERS: Final = {"static": "deepar", "dynamic": "auto-arima or deepar"}


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
    """An ARIMA model of each series, its orders chosen stepwise by AICc; where there are columns of
    `series.dynamic`, of the errors of a regression on them."""

    approximation: bool | None = None
    """choose by conditional sums of squares; else where a series is longer than 150 steps or a
    season than 12, as R does"""
    stepwise: bool = True
    """false: every combination of orders is tried"""
    models: Annotated[int, Field(ge=10)] = 94  # statsforecast fails with fewer than it begins with
    """how many the stepwise search looks at, at most"""
    max_order: Annotated[int, Field(ge=0)] = 5
    """of p + q + P + Q"""


class DeepAr(Params):
    """DeepAR: one recurrent network for all series, which learns from their past values, the time
    and what they are like, and is asked for paths into the future; trained by Adam."""

    context_length: Rounds | None = None
    """steps that the network reads before those it forecasts; else as many as it forecasts"""
    lags: Annotated[tuple[Rounds, ...], Field(min_length=1)] | None = None
    """how many steps ago the values are that it reads; else what suits frequency and season"""
    hidden_size: Width = 40
    """units of each layer"""
    layers: Annotated[int, Field(strict=True, ge=1, le=10)] = 2
    """recurrent layers (LSTM), one above the other"""
    dropout: Dropout = 0.1
    """share of the units between layers that a step of the training does not see"""
    embedding: Width | None = None
    """numbers that stand for a level of a static column; else half of its levels, at most 50"""
    distribution: Literal["student-t", "normal", "negative-binomial"] = "student-t"
    """of a value, given those before it; negative-binomial: for counts"""
    epochs: Rounds = 50
    """rounds of the training"""
    batches_per_epoch: Rounds = 50
    """steps of the training in each round"""
    batch_size: Rounds = 32
    """windows a step, of series and times by chance"""
    learning_rate: Rate = 0.003
    """how far a step goes, at first; it falls to nothing over the epochs, as a cosine does"""
    weight_decay: Penalty = 1e-8
    """how much large weights cost"""
    samples: Annotated[int, Field(strict=True, ge=10, le=10_000)] = 100
    """paths that are drawn for each series; mean and quantiles are theirs"""
