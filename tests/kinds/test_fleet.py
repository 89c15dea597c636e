"""A fleet is a model for each value of a column, in one file, with one answer a row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.per import Per
from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt, UserError
from keepfit.kinds import kind, learner, loader, params_of
from keepfit.kinds.base import Lesson


def stores(seed=1, values=("a", "b", None, "few")):
    """Of each store 40 rows with a line of its own; of `few` three."""
    random = np.random.default_rng(seed)
    parts = []
    for place, value in enumerate(values):
        x = random.normal(size=3 if value == "few" else 40)
        y = place * 10 + (place + 1) * x
        parts.append(pl.DataFrame({"store": [value] * len(x), "x": x, "y": y}))
    rows = pl.concat(parts).with_columns(pl.col("store").cast(pl.String))
    return rows.sample(fraction=1, shuffle=True, seed=seed)


def lesson_of(rows, features=("store", "x"), target="y", **encode):
    return Lesson(features, target, rows, rows.clear(), Encode(**encode))


def fitted(rows, name="linear", lesson=None, **params):
    fleet = learner(name, Per(column="store"))
    given = params_of(name).model_validate(params)
    return fleet.fit(lesson or lesson_of(rows), given, seed=3, threads=1)


def test_each_value_has_the_model_that_it_would_have_alone():
    rows = stores()
    said = fitted(rows).predict(rows.drop("y")).values
    for value in ("a", "b"):
        alone = rows.filter(store=value).drop("store")
        model = kind("linear").fit(
            lesson_of(alone, ("x",)), params_of("linear")(), seed=3, threads=1
        )
        mine = said.filter(rows["store"] == value)
        assert mine.to_list() == pytest.approx(model.predict(alone).values.to_list(), rel=1e-12)


def test_values_without_rows_enough_and_those_never_seen_share_a_model_of_all_rows():
    rows = stores()
    model = fitted(rows)
    assert [(one.value, one.rows) for one in model.header.members] == [("a", 40), ("b", 40)]
    whole = kind("linear").fit(
        lesson_of(rows.drop("store"), ("x",)), params_of("linear")(), seed=3, threads=1
    )
    asked = pl.DataFrame({"store": ["few", None, "new"], "x": [0.5, 1.0, 2.0]})
    assert model.predict(asked).values.to_list() == whole.predict(asked).values.to_list()


def test_one_row_is_answered_like_many_in_any_order():
    rows = stores().drop("y")
    model = fitted(stores())
    many = model.predict(rows).values.to_list()
    assert model.predict(rows.reverse()).values.to_list() == many[::-1]
    assert [model.predict(rows[place]).values[0] for place in range(rows.height)] == many
    assert model.predict(rows.clear()).values.to_list() == []


def test_it_is_saved_as_data_and_read_back_to_the_bit():
    rows = stores()
    files = fitted(rows).save()
    assert sorted(files) == ["fleet.json", "members.zip"]
    assert fitted(rows).save() == files
    back = loader("linear", files).load(files)
    assert back.save() == files
    assert back.predict(rows).values.equals(fitted(rows).predict(rows).values)


def test_labels_that_a_value_has_never_had_have_no_chance_there():
    high = pl.concat_str(pl.lit("high "), "store")
    rows = stores(values=("a", "b", "c")).with_columns(
        label=pl.when(pl.col("x") > 0).then(high).otherwise("store")
    )
    rows = rows.with_columns(label=pl.when(store="c").then(pl.lit("a")).otherwise("label"))
    model = fitted(rows, "logistic", lesson_of(rows.drop("y"), target="label"))
    assert model.classes == ("a", "b", "high a", "high b")
    assert [one.value for one in model.header.members] == ["a", "b"]  # of c there is one class
    said = model.predict(rows)
    mine = (rows["store"] == "a").to_numpy()
    assert said.probabilities[mine][:, [1, 3]].max() == 0
    assert said.probabilities.sum(axis=1) == pytest.approx(1)
    assert set(said.values.filter(pl.Series(mine))) <= {"a", "high a"}


def test_whole_numbers_name_values_and_fractions_do_not():
    rows = stores(values=("1", "2"))
    whole = rows.with_columns(pl.col("store").cast(pl.Int64))
    model = fitted(whole, lesson=lesson_of(whole, categorical=("store",)))
    assert [one.value for one in model.header.members] == ["1", "2"]
    with pytest.raises(UserError, match="per is by `store`, which is Float64"):
        fitted(rows.with_columns(pl.col("store").cast(pl.Float64)))


@pytest.mark.parametrize("broken", ["fleet.json", "members.zip"])
def test_files_that_are_none_of_a_fleet_are_corrupt(broken):
    files = fitted(stores()).save()
    with pytest.raises(Corrupt, match=r"fleet\.json: this is no fleet of kind `linear`"):
        loader("linear", files).load({**files, broken: b"{}"})
    with pytest.raises(Corrupt):
        loader("ridge", files).load(files)
