from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Encode
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
from keepfit.kinds.trees.catboost import FILE, _features
from keepfit.kinds.trees.table import table_of

catboost = pytest.importorskip("catboost")


def frame(rows=400, seed=1):
    random = np.random.default_rng(seed)
    x, g = random.normal(size=rows), random.integers(0, 50, rows)
    y = x + g % 3 + random.normal(size=rows)
    return pl.DataFrame({"x": x, "g": [f"level {one}" for one in g], "y": y, "yes": y > 1})


def fit(rows, target, validation=None, features=("x", "g"), **params):
    name = f"catboost-{'classifier' if target == 'yes' else 'regressor'}"
    lesson = Lesson(
        tuple(features), target, rows, rows.clear() if validation is None else validation, Encode()
    )
    asked = params_of(name)(**{"iterations": 50, "learning_rate": 0.2, **params})
    return kind(name).fit(lesson, asked, seed=3, threads=1)


@pytest.mark.parametrize("target", ["y", "yes"])
def test_validation_rows_choose_how_many_trees_and_no_tree(target):
    rows, judges = frame(), frame(200, seed=2)
    alone = fit(rows, target, iterations=300)
    stopped = fit(rows, target, judges, iterations=300, early_stopping_rounds=5)
    count = stopped.trees.count
    assert count < alone.trees.count == 300
    table = table_of(alone.header.encoding, alone.header.missing, judges)
    data = catboost.Pool(_features(catboost, table))
    first = alone.trees.model.predict(data, prediction_type="RawFormulaVal", ntree_end=count)
    assert first.tolist() == stopped.trees.scores(table)[0].tolist()


def test_the_file_bears_neither_a_time_nor_a_name_of_its_own():
    stored = fit(frame(), "y").save()[FILE]
    metadata = catboost.CatBoost().load_model(blob=stored).get_metadata()
    assert (metadata["train_finish_time"], metadata["model_guid"]) == ("", "")


@pytest.mark.parametrize("names", [("1", "2"), ("a,b", "ü\n"), ("", "x y"), ("a=b", '"')])
def test_columns_may_have_any_name(names):
    rows = frame().rename({"x": names[0], "g": names[1]})
    model = fit(rows, "y", features=names)
    again = kind("catboost-regressor").load(model.save())
    assert again.predict(rows).values.to_list() == model.predict(rows).values.to_list()


def test_a_missing_level_and_one_it_never_saw_are_not_taken_for_levels_of_that_name():
    odd = ["(missing)", "(other)", "((other))", None] * 100
    rows = frame().with_columns(g=pl.Series(odd), y=pl.Series([0.0, 5.0, 10.0, 20.0] * 100))
    said = fit(rows, "y", iterations=200).predict(rows[:4]).values.to_list()
    assert said == pytest.approx([0.0, 5.0, 10.0, 20.0], abs=0.5)


@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise", "Lossguide"])
def test_trees_may_grow_otherwise(policy):
    model = fit(frame(), "y", grow_policy=policy, max_leaves=8, min_data_in_leaf=5)
    error = (model.predict(frame()).values - frame()["y"]).abs().mean()
    assert error < 0.9 * (frame()["y"] - frame()["y"].mean()).abs().mean()
