from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Encode
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson

ensemble = pytest.importorskip("sklearn.ensemble")


def frame(rows=500, levels=5):
    random = np.random.default_rng(1)
    level, x = random.integers(0, levels, rows), random.normal(size=rows)
    x = np.where(random.random(rows) < 0.1, np.nan, x)
    y = np.nan_to_num(x) + level % 3 + random.normal(size=rows) / 5
    return pl.DataFrame({"x": x, "g": [f"{one:04}" for one in level], "y": y, "yes": y > 1})


def fit(rows, target, **params):
    name = f"hist-gradient-boosting-{'classifier' if target == 'yes' else 'regressor'}"
    lesson = Lesson(("x", "g"), target, rows, rows.clear(), Encode())
    return kind(name).fit(lesson, params_of(name)(**params), seed=3, threads=1)


def test_it_says_what_scikit_learn_says_of_the_same_columns():
    rows = frame()
    matrix = np.column_stack([rows["x"].to_numpy(), rows["g"].cast(pl.Float64).to_numpy()])
    settings = {"categorical_features": [1], "random_state": 3, "early_stopping": False}
    number = ensemble.HistGradientBoostingRegressor(**settings).fit(matrix, rows["y"].to_numpy())
    said = fit(rows, "y").predict(rows).values.to_numpy()
    np.testing.assert_allclose(said, number.predict(matrix), rtol=1e-12)
    label = ensemble.HistGradientBoostingClassifier(**settings).fit(matrix, rows["yes"].to_numpy())
    shares = fit(rows, "yes").predict(rows).probabilities
    np.testing.assert_allclose(shares, label.predict_proba(matrix), rtol=1e-9)


@pytest.mark.parametrize("most", [16, 255])
def test_of_more_levels_than_bins_the_most_frequent_are_known(most):
    rows = frame(3000, levels=400)
    model = fit(rows, "y", max_bins=most)
    (category,) = model.header.encoding.categories
    assert category.size == most
    counts = dict(rows["g"].value_counts().iter_rows())
    others = [count for level, count in counts.items() if level not in category.levels]
    assert min(counts[level] for level in category.levels) >= max(others)
    assert model.predict(rows).values.is_finite().all()


def test_threads_leave_no_trace():
    rows, name = frame(), "hist-gradient-boosting-regressor"
    lesson = Lesson(("x", "g"), "y", rows, rows.clear(), Encode())
    one, two = (
        kind(name).fit(lesson, params_of(name)(), seed=3, threads=threads).save()
        for threads in (1, 2)
    )
    assert one == two
