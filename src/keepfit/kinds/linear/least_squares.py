"""Least squares, plain and with ridge's penalty."""

from __future__ import annotations

from keepfit.kinds.encode import Floats
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.params import Linear, Ridge
from keepfit.kinds.linear.regression import Regression
from keepfit.kinds.linear.squares import least_squares


def _linear(design: Design, target: Floats, params: Linear) -> Floats:  # noqa: ARG001 (every solver takes them)
    return least_squares(design, target, 0.0 * design.penalised)


def _ridge(design: Design, target: Floats, params: Ridge) -> Floats:
    return least_squares(design, target, params.alpha * design.penalised)


LINEAR = Regression("linear", Linear, scales=False, solve=_linear, ridge=lambda _: 0.0)
RIDGE = Regression("ridge", Ridge, scales=True, solve=_ridge, ridge=lambda params: params.alpha)
