"""What linear kinds take from `[model.NAME.params]`: names and defaults of scikit-learn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keepfit.kinds.base import Params
from keepfit.kinds.bounds import Penalty, Rounds, Switch, Tolerance

# Why the kinds below cannot go on from a model on new rows.
NO_UPDATE = (
    "for its coefficients are the best ones for the rows at hand wherever it begins: new rows "
    "alone would make it forget all others, and all rows take it seconds"
)


class Linear(Params):
    """Least squares: least ||y - Xw||^2."""

    fit_intercept: Switch = True
    """false: the line goes through the origin"""


class Ridge(Linear):
    """Least squares with a penalty: least ||y - Xw||^2 + alpha ||w||^2."""

    alpha: Penalty = 1.0
    """how hard large coefficients are punished"""


class Lasso(Linear):
    """Least squares that drops columns: least ||y - Xw||^2 / 2n + alpha |w|."""

    alpha: Penalty = 1.0
    """how hard coefficients other than zero are punished"""
    max_iter: Rounds = 10_000
    """rounds over all columns, at most"""
    tol: Tolerance = 1e-9
    """done when the answer is at most this share of ||y||^2 from the best one; sklearn: 1e-4"""


class ElasticNet(Lasso):
    """Between lasso and ridge: alpha (l1_ratio |w| + (1 - l1_ratio) ||w||^2 / 2) as the penalty."""

    l1_ratio: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.5
    """1 is lasso, 0 is ridge"""


class Logistic(Linear):
    """Logistic regression, two classes or more: least C * (sum of log losses) + ||w||^2 / 2."""

    C: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] = 1.0
    """how much the rows count against the penalty"""
    class_weight: Literal["none", "balanced"] = "none"
    """balanced: every class counts the same, however many rows it has"""
    max_iter: Rounds = 100
    """Newton steps, at most"""
    tol: Tolerance = 1e-10
    """done when the gradient is below this share of its first value; sklearn: 1e-4"""
