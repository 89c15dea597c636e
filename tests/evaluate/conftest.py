from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from keepfit.kinds.base import Prediction


@pytest.fixture(scope="session")
def said() -> Callable[..., Prediction]:
    """A classifier's answer from its probabilities (rows, classes)."""

    def build(probabilities, classes=(0, 1)):
        chances = np.asarray(probabilities, dtype=float)
        best = chances.argmax(axis=1)
        return Prediction(pl.Series([classes[k] for k in best]), chances, tuple(classes))

    return build


@pytest.fixture(scope="session")
def binary(said) -> Callable[..., Prediction]:
    """A classifier's answer from the probability of the second class."""

    def build(chance, classes=(0, 1)):
        chance = np.asarray(chance, dtype=float)
        return said(np.stack([1 - chance, chance], axis=1), classes)

    return build


@pytest.fixture(scope="session")
def values() -> Callable[..., Prediction]:
    """A regression's answer."""
    return lambda numbers: Prediction(pl.Series(numbers, dtype=pl.Float64))
