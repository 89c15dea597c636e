"""Kinds that go on from a model: on new rows alone, and the same bytes each time."""

import dataclasses
import runpy
from pathlib import Path

import polars as pl
import pytest

from keepfit.errors import DataRefused
from keepfit.kinds import KINDS, kind, params_of, why_no_update

PROMISES = runpy.run_path(str(Path(__file__).parents[1] / "promises" / "test_kinds.py"))
Case, lesson, rows = PROMISES["Case"], PROMISES["lesson"], PROMISES["rows"]
SGD = {"estimator": "sklearn.linear_model.SGDClassifier", "loss": "log_loss"}
CASES = {
    **{
        n: c
        for n, c in PROMISES["CASES"].items()
        if c.kind.startswith(("catboost", "lightgbm", "mlp"))
    },
    "passes of scikit-learn": Case("sklearn", SGD, "label"),
    "passes of scikit-learn, numbers": Case(
        "sklearn", {"estimator": "sklearn.linear_model.SGDRegressor", "eta0": 0.001}, "amount"
    ),
    "a net of scikit-learn": Case(
        "sklearn",
        {"estimator": "sklearn.neural_network.MLPClassifier", "hidden_layer_sizes": [4]},
        "yes",
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    for extra in PROMISES["extras_of"](request.param):
        pytest.importorskip(extra)
    return request.param


def fit(case, train, warm=None, validation=None):
    taught = lesson(case, train, scale=case.kind == "sklearn")
    if validation is not None:
        taught = dataclasses.replace(taught, validation=validation.select(taught.train.columns))
    own, params = kind(case.kind), params_of(case.kind)(**case.params)
    before = {} if warm is None else {"warm": own.load(warm.save())}
    return own.fit(taught, params, seed=42, threads=1, **before)


@pytest.mark.filterwarnings("ignore:.*iteration.*")
def test_it_goes_on_to_another_model_and_to_the_same_each_time(case):
    first = fit(case, rows(150, seed=1))
    second = fit(case, rows(100, seed=2), first)
    assert second.save() != first.save()
    assert fit(case, rows(100, seed=2), first).save() == second.save()
    assert fit(case, rows(100, seed=2)).save() != second.save()
    again = kind(case.kind).load(second.save())
    later = rows(50, seed=3)
    assert again.predict(later).values.to_list() == second.predict(later).values.to_list()
    assert second.classes == first.classes


@pytest.mark.filterwarnings("ignore:.*iteration.*")
def test_a_level_that_is_new_stays_unknown_and_is_answered(case):
    first = fit(case, rows(150, seed=1))
    new = rows(100, seed=2).with_columns(colour=pl.lit("violet"))
    said = fit(case, new, first).predict(new)
    assert said.values.null_count() == 0


@pytest.mark.filterwarnings("ignore:.*iteration.*")
def test_a_class_that_is_new_is_refused(case):
    if case.target != "label":
        return
    first = fit(case, rows(150, seed=1))
    strange = rows(100, seed=2).with_columns(label=pl.lit("huge"))
    with pytest.raises(DataRefused, match="'huge' in one of 100 new rows"):
        fit(case, strange, first)


@pytest.mark.filterwarnings("ignore:.*iteration.*")
def test_new_rows_may_lack_a_class_but_for_catboost(case):
    if case.target != "label":
        return
    first = fit(case, rows(150, seed=1))
    new = rows(200, seed=2).filter(pl.col("label") != "mid")
    if case.kind.startswith("catboost"):
        with pytest.raises(DataRefused, match="the new rows hold 2 of 3 classes, and CatBoost"):
            fit(case, new, first)
        return
    assert fit(case, new, first).classes == first.classes


@pytest.mark.parametrize("name", ["catboost", "lightgbm"])
def test_trees_grow_on_as_far_as_validation_bears_them_out(name):
    pytest.importorskip(name)
    case = CASES[name]
    first = fit(case, rows(150, seed=1))
    second = fit(case, rows(300, seed=2), first, validation=rows(200, seed=4))
    whole = fit(case, rows(300, seed=2), first)
    assert first.trees.count < second.trees.count <= whole.trees.count


ONLY = {"sklearn": {"estimator": "sklearn.linear_model.SGDRegressor"}}


def test_every_kind_says_whether_it_can():
    can = {
        name
        for name in KINDS
        if name != "python" and why_no_update(name, params_of(name)(**ONLY.get(name, {}))) is None
    }
    assert can == {
        *("catboost-classifier", "catboost-regressor"),
        *("lightgbm-classifier", "lightgbm-regressor"),
        *("mlp-classifier", "mlp-regressor"),
        "sklearn",
    }


def test_a_pipeline_says_that_it_cannot():
    pytest.importorskip("sklearn")
    steps = ["sklearn.preprocessing.StandardScaler", "sklearn.linear_model.SGDRegressor"]
    told = why_no_update("sklearn", params_of("sklearn")(estimator=steps))
    assert told.startswith("is 'update': going on from a model is not for it, for Pipeline has no")
