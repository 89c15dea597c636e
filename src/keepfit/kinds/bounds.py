"""Bounds that params of several kinds have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Penalty = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(strict=True, gt=0, lt=1)]
Rounds = Annotated[int, Field(strict=True, ge=1)]
Switch = Annotated[bool, Field(strict=True)]
Rate = Annotated[float, Field(strict=True, gt=0, le=1)]
Quantile = Annotated[float, Field(strict=True, gt=0, lt=1)]
Weights = Literal["none", "balanced"]
Width = Annotated[int, Field(strict=True, ge=1, le=4096)]
Dropout = Annotated[float, Field(strict=True, ge=0, lt=1)]


def quantile_for_a_quantile(loss: str, quantile: float | None) -> None:
    """ValueError where a loss lacks its quantile, or a quantile its loss."""
    if loss == "quantile" and quantile is None:
        raise ValueError('has loss = "quantile"; expected `quantile` beside it, such as 0.9')
    if loss != "quantile" and quantile is not None:
        raise ValueError('has `quantile`; expected loss = "quantile" beside it')
