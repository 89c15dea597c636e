"""What an estimator of scikit-learn takes from `[model.NAME.params]`: its own names."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from keepfit.kinds.base import Params
from keepfit.kinds.bounds import Rounds


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
