"""The kinds of gradient boosting with their defaults, on the census of 1994."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Encode
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson

TARGET = "income"


@pytest.fixture
def census(data):
    """The rows of the original split: to learn from, and to judge by."""
    return [
        pl.read_csv(data(f"adult_income/{part}.csv.gz"), null_values="?")
        for part in ("train", "test")
    ]


def log_loss(name, train, holdout):
    pytest.importorskip(name.partition("-")[0])
    features = tuple(column for column in train.columns if column != TARGET)
    lesson = Lesson(features, TARGET, train, train.clear(), Encode())
    model = kind(name).fit(lesson, params_of(name)(), seed=42, threads=1)
    chances = model.predict(holdout).probabilities[:, model.classes.index(">50K")]
    rich = (holdout[TARGET] == ">50K").to_numpy()
    loss = float(-np.log(np.where(rich, chances, 1 - chances)).mean())
    print(f"{name}: log loss {loss:.6f} of {holdout.height:,} rows")
    return loss


@pytest.mark.parametrize(
    ("name", "most"),
    [
        pytest.param("catboost-classifier", 0.2755, marks=pytest.mark.soak),  # two minutes
        ("lightgbm-classifier", 0.2875),
    ],
)
def test_the_original_split_is_learned_as_well_as_published(census, name, most):
    assert log_loss(name, *census) <= most


@pytest.mark.soak
def test_three_random_splits_are_learned_as_well_as_published(census):
    split = pytest.importorskip("sklearn.model_selection").train_test_split
    rows = pl.concat(census)
    losses = []
    for seed in range(3):
        places = split(
            range(rows.height), test_size=0.2, stratify=rows[TARGET].to_list(), random_state=seed
        )
        losses.append(log_loss("catboost-classifier", *(rows[part] for part in places)))
    assert sum(losses) / 3 <= 0.271
