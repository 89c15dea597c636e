"""What the neural kinds for tables take from `[model.NAME.params]`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from keepfit.kinds.base import Params
from keepfit.kinds.bounds import (
    Dropout,
    Penalty,
    Quantile,
    Rate,
    Rounds,
    Weights,
    Width,
    quantile_for_a_quantile,
)


class Mlp(Params):
    """A multilayer perceptron: numbers scaled, categories by vectors that are learned, then layers
    of rectified linear units; trained by AdamW."""

    hidden: Annotated[tuple[Width, ...], Field(max_length=10)] = (64, 32)
    """units of each hidden layer, the first reads the features; []: none, a linear model"""
    embedding: Width | None = None
    """numbers that stand for a level of a category; else about 1.6 levels ** 0.56, at most 50"""
    dropout: Dropout = 0.0
    """share of the units of each hidden layer that a step does not see"""
    learning_rate: Rate = 0.001
    """how far a step goes, at first"""
    batch_size: Rounds = 128
    """rows a step"""
    epochs: Rounds = 100
    """times that every row is seen, at most"""
    patience: Rounds = 10
    """ends after so many epochs that make split.validation no better; without it, never early"""
    weight_decay: Penalty = 0.0001
    """how fast weights shrink by themselves"""

    @property
    def goal(self) -> str:
        """What is to be least."""
        return "log_loss"

    @property
    def share(self) -> float | None:
        """Of a quantile: how many rows lie below the answers."""
        return None

    @property
    def weights(self) -> str:
        """How the rows of each class count."""
        return "none"


class MlpRegressor(Mlp):
    """A neural network of numbers: layers of rectified linear units, trained by AdamW."""

    loss: Literal["squared_error", "absolute_error", "huber", "quantile"] = "squared_error"
    """what is to be least; huber: squared up to one deviation of the target, absolute beyond"""
    quantile: Quantile | None = None
    """for loss = "quantile": the share of the rows that lie below the answers"""

    @property
    def goal(self) -> str:
        """What is to be least."""
        return self.loss

    @property
    def share(self) -> float | None:
        """Of a quantile: how many rows lie below the answers."""
        return self.quantile

    @model_validator(mode="after")
    def _a_quantile_for_a_quantile(self) -> Self:
        quantile_for_a_quantile(self.loss, self.quantile)
        return self


class MlpClassifier(Mlp):
    """A neural network of classes: layers of rectified linear units, trained by AdamW."""

    class_weight: Weights = "none"
    """balanced: every class counts the same, however many rows it has"""

    @property
    def weights(self) -> str:
        """How the rows of each class count."""
        return self.class_weight
