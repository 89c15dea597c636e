"""What each kind takes from `[model.NAME.params]`: scikit-learn's names, meanings and defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from keepfit.config.values import FunctionPath
from keepfit.kinds.base import Params

Penalty = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(strict=True, gt=0, lt=1)]
Rounds = Annotated[int, Field(strict=True, ge=1)]
Switch = Annotated[bool, Field(strict=True)]


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


class Sklearn(Params):
    """Any scikit-learn estimator or pipeline; every other key is given to it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    estimator: str | tuple[str, ...] = Field(min_length=1)
    """sklearn.ensemble.HistGradientBoostingRegressor, or the steps of a pipeline as a list"""
    epochs: Rounds | None = None
    """learn by partial_fit, in chunks of rows, so many times over all; else by fit"""

    @model_serializer(mode="wrap")
    def _as_it_was_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `epochs` where there are none: older versions stay the same."""
        table: dict[str, Any] = write(self)
        return {key: value for key, value in table.items() if (key, value) != ("epochs", None)}


class Python(Params):
    """A class of the project's own; every other key is given to it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    class_: FunctionPath = Field(alias="class")
    """module:Class, from a file beside keepfit.toml"""


def quantile_for_a_quantile(loss: str, quantile: float | None) -> None:
    """ValueError where a loss lacks its quantile, or a quantile its loss."""
    if loss == "quantile" and quantile is None:
        raise ValueError('has loss = "quantile"; expected `quantile` beside it, such as 0.9')
    if loss != "quantile" and quantile is not None:
        raise ValueError('has `quantile`; expected loss = "quantile" beside it')
