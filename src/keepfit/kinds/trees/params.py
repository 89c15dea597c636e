"""What the kinds of gradient boosting take from `[model.NAME.params]`.

What all of them have goes by one word: loss, quantile, learning_rate, class_weight and
early_stopping_rounds. The rest bears its library's own names, meanings and defaults.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from keepfit.kinds.base import Params
from keepfit.kinds.bounds import Penalty, Quantile, Rate, Rounds, Weights, quantile_for_a_quantile

Share = Annotated[float, Field(strict=True, gt=0, le=1)]
Many = Annotated[int, Field(strict=True, ge=2)]
Bins = Annotated[int, Field(strict=True, ge=2, le=255)]


class Boosting(Params):
    """Gradient boosting of trees."""

    early_stopping_rounds: Rounds = 50
    """ends after so many trees that make split.validation no better; without it, never early"""

    @property
    def goal(self) -> str:
        """What is to be least."""
        return "log_loss"

    @property
    def weights(self) -> str:
        """How the rows of each class count."""
        return "none"


class Regressor(Boosting):
    """What boosting of numbers is asked for."""

    loss: Literal["squared_error", "absolute_error", "quantile", "poisson", "gamma"] = (
        "squared_error"
    )
    """what is to be least; with poisson and gamma the answers are above 0"""
    quantile: Quantile | None = None
    """for loss = "quantile": the share of the rows that lie below the answers"""

    @property
    def goal(self) -> str:
        """What is to be least."""
        return self.loss

    @model_validator(mode="after")
    def _a_quantile_for_a_quantile(self) -> Self:
        quantile_for_a_quantile(self.loss, self.quantile)
        return self


class Classifier(Boosting):
    """What boosting of classes is asked for."""

    class_weight: Weights = "none"
    """balanced: every class counts the same, however many rows it has"""

    @property
    def weights(self) -> str:
        """How the rows of each class count."""
        return self.class_weight


class HistGradientBoosting(Boosting):
    """scikit-learn's histogram boosting: categories and nulls are read as they are."""

    learning_rate: Rate = 0.1
    """how much of each tree is added"""
    max_iter: Rounds = 100
    """trees, at most; a class each where there are more than two"""
    max_leaf_nodes: Many = 31
    """leaves a tree, at most"""
    max_depth: Rounds | None = None
    """splits from the root to a leaf, at most"""
    min_samples_leaf: Rounds = 20
    """rows a leaf, at least"""
    l2_regularization: Penalty = 0.0
    """how hard large leaves are punished"""
    max_features: Share = 1.0
    """the share of the features that each split may choose from"""
    max_bins: Bins = 255
    """values that a feature is cut into; of more levels the most frequent are known"""


class HistGradientBoostingRegressor(HistGradientBoosting, Regressor):
    """scikit-learn's histogram boosting of numbers: categories and nulls are read as they are."""


class HistGradientBoostingClassifier(HistGradientBoosting, Classifier):
    """scikit-learn's histogram boosting of classes: categories and nulls are read as they are."""


class CatBoost(Boosting):
    """CatBoost: categories by what ordered target statistics say of them, never one-hot."""

    learning_rate: Rate | None = None
    """how much of each tree is added; else as CatBoost finds fit for the rows and iterations"""
    iterations: Rounds = 1000
    """trees, at most"""
    depth: Annotated[int, Field(strict=True, ge=1, le=16)] = 6
    """splits from the root to a leaf"""
    l2_leaf_reg: Penalty = 3.0
    """how hard large leaves are punished"""
    random_strength: Penalty = 1.0
    """how much luck there is in the choice of splits"""
    bagging_temperature: Penalty = 1.0
    """how unevenly the rows count for each tree; 0: all the same"""
    rsm: Share = 1.0
    """the share of the features that each split may choose from"""
    border_count: Annotated[int, Field(strict=True, ge=1, le=65535)] = 254
    """values that a number is cut into"""
    min_data_in_leaf: Rounds = 1
    """rows a leaf, at least; for grow_policy = "Depthwise" or "Lossguide\""""
    grow_policy: Literal["SymmetricTree", "Depthwise", "Lossguide"] = "SymmetricTree"
    """one split a level; a split a leaf; or always the leaf that gains most"""
    max_leaves: Many = 31
    """leaves a tree, at most; for grow_policy = "Lossguide\""""
    max_ctr_complexity: Annotated[int, Field(strict=True, ge=1, le=15)] = 2
    """categories that may be taken together; CatBoost: 4"""
    model_size_reg: Penalty = 0.0
    """how hard categories with many levels are punished for the size of the file; CatBoost: 0.5"""
    boosting_type: Literal["Ordered", "Plain"] | None = None
    """Ordered learns more from few rows, in twice the time; else up to 50,000 of them"""


class CatBoostRegressor(CatBoost, Regressor):
    """CatBoost of numbers; categories are read as they are, and so are nulls."""

    loss: Literal["squared_error", "absolute_error", "quantile", "poisson"] = "squared_error"
    """what is to be least; with poisson the answers are above 0"""


class CatBoostClassifier(CatBoost, Classifier):
    """CatBoost of classes; categories are read as they are, and so are nulls."""


class LightGbm(Boosting):
    """LightGBM: categories by groups of levels, never one-hot beyond four of them."""

    learning_rate: Rate = 0.1
    """how much of each tree is added"""
    num_iterations: Rounds = 100
    """trees, at most; a class each where there are more than two"""
    num_leaves: Many = 31
    """leaves a tree, at most"""
    max_depth: Rounds | None = None
    """splits from the root to a leaf, at most"""
    min_data_in_leaf: Rounds = 20
    """rows a leaf, at least"""
    lambda_l1: Penalty = 0.0
    """how hard leaves other than zero are punished"""
    lambda_l2: Penalty = 0.0
    """how hard large leaves are punished"""
    feature_fraction: Share = 1.0
    """the share of the features that each tree may choose from"""
    bagging_fraction: Share = 1.0
    """the share of the rows that trees learn from; with bagging_freq"""
    bagging_freq: Annotated[int, Field(strict=True, ge=0)] = 0
    """after how many trees other rows are drawn; 0: never"""
    max_bin: Annotated[int, Field(strict=True, ge=2, le=65535)] = 255
    """values that a number is cut into"""
    min_data_per_group: Rounds = 100
    """rows a group of levels, at least"""
    cat_smooth: Penalty = 10.0
    """how little levels with few rows are believed"""
    cat_l2: Penalty = 10.0
    """lambda_l2 for splits of categories"""


class LightGbmRegressor(LightGbm, Regressor):
    """LightGBM of numbers; categories are read as they are, and so are nulls."""


class LightGbmClassifier(LightGbm, Classifier):
    """LightGBM of classes; categories are read as they are, and so are nulls."""
