"""Least squares that drops columns: lasso, and elastic net between it and ridge."""

from __future__ import annotations

from keepfit.kinds.encode import Floats
from keepfit.kinds.linear.descent import Penalty, Stop, descend_coordinates
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.params import ElasticNet, Lasso
from keepfit.kinds.linear.regression import Regression
from keepfit.kinds.linear.squares import least_squares


def _lasso(design: Design, target: Floats, params: Lasso) -> Floats:
    return _solve(design, target, params, l1_ratio=1.0)


def _elastic_net(design: Design, target: Floats, params: ElasticNet) -> Floats:
    return _solve(design, target, params, l1_ratio=params.l1_ratio)


def _solve(design: Design, target: Floats, params: Lasso, *, l1_ratio: float) -> Floats:
    strength = params.alpha * design.rows  # the error is a mean over rows, the solvers take a sum
    l1, l2 = strength * l1_ratio, strength * (1 - l1_ratio)
    if l1 == 0:  # nothing drops columns: exact
        return least_squares(design, target, l2 * design.penalised)
    stop = Stop(params.tol, params.max_iter)
    return descend_coordinates(design, target, Penalty(l1, l2), stop)


LASSO = Regression("lasso", Lasso, scales=True, solve=_lasso)
ELASTIC_NET = Regression("elastic-net", ElasticNet, scales=True, solve=_elastic_net)
