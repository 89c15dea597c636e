from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt, NotInstalled, UnknownName, UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.header import MODEL
from keepfit.kinds.sklearn.kind import SKLEARN
from keepfit.kinds.sklearn.params import Sklearn
from keepfit.kinds.skops_file import ESTIMATOR

pytest.importorskip("sklearn")

COLOURS = ("red", "green", "blue")
FEATURES = ("a", "b", "colour")


def frame(rows: int = 400) -> pl.DataFrame:
    random = np.random.default_rng(7)
    a, b = random.normal(size=rows), random.normal(size=rows) * 3
    colour = [COLOURS[i] for i in random.integers(0, 3, rows)]
    y = 3 * a - b + np.array([len(c) for c in colour]) + random.normal(size=rows) / 10
    return pl.DataFrame(
        {
            "a": a,
            "b": b,
            "colour": colour,
            "y": y,
            "label": ["high" if v > 6 else "low" if v < 3 else "mid" for v in y],
            "number": np.digitize(y, [3, 6]) * 10,
            "yes": y > 4,
        }
    ).with_columns(pl.when(pl.int_range(pl.len()) % 17 != 0).then(pl.col("a")).alias("a"))


def lesson(target: str = "y", rows: pl.DataFrame | None = None, **encode: object) -> Lesson:
    rows = frame() if rows is None else rows
    return Lesson(FEATURES, target, rows, rows.clear(), Encode(**encode))


def fit(estimator, target="y", seed=1, threads=1, **params):
    asked = Sklearn(estimator=estimator, **params)
    return SKLEARN.fit(lesson(target), asked, seed=seed, threads=threads)


REGRESSORS = {
    "line": {"estimator": "sklearn.linear_model.LinearRegression"},
    "net": {"estimator": "sklearn.neural_network.MLPRegressor", "max_iter": 400, "tol": 1e-2},
    "neighbours": {"estimator": "sklearn.neighbors.KNeighborsRegressor"},
    "forest": {"estimator": "sklearn.ensemble.RandomForestRegressor", "n_estimators": 7},
    "boosted": {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "max_iter": 9},
    "machine": {"estimator": "sklearn.svm.SVR"},
    "pipeline": {
        "estimator": [
            "sklearn.preprocessing.PolynomialFeatures",
            "sklearn.preprocessing.StandardScaler",
            "sklearn.linear_model.Ridge",
        ],
        "polynomialfeatures": {"degree": 3},
        "Ridge__alpha": 0.5,
    },
}
CLASSIFIERS = {
    "logistic": {"estimator": "sklearn.linear_model.LogisticRegression"},
    "forest": {"estimator": "sklearn.ensemble.ExtraTreesClassifier", "n_estimators": 7},
    "boosted": {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "max_iter": 9},
    "margin": {"estimator": "sklearn.svm.LinearSVC"},
    "discriminant": {"estimator": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"},
}
MODELS = [
    *(pytest.param(name, "y", id=f"regress-{name}") for name in REGRESSORS),
    *(pytest.param(name, "label", id=f"classify-{name}") for name in CLASSIFIERS),
]


@cache
def learned(name, target):
    """A model of the tables above, fitted once for all tests that only look at it."""
    return fit(target=target, **(REGRESSORS if target == "y" else CLASSIFIERS)[name])


def answers(fitted, rows):
    """Everything it says, as comparable bytes."""
    said = fitted.predict(rows)
    shares = b"" if said.probabilities is None else said.probabilities.tobytes()
    return said.values.to_list(), shares


@pytest.mark.parametrize(("name", "target"), MODELS)
def test_a_row_gets_the_same_bits_alone_as_among_many(name, target):
    fitted, rows = learned(name, target), frame()
    together = fitted.predict(rows)
    for place in (0, 1, 99, 255, 256, 399):
        alone = fitted.predict(rows[place])
        assert alone.values[0] == together.values[place]
        if alone.probabilities is not None:
            assert alone.probabilities[0].tobytes() == together.probabilities[place].tobytes()
    backwards = fitted.predict(rows.reverse())
    assert backwards.values.reverse().to_list() == together.values.to_list()


@pytest.mark.parametrize(("name", "target"), MODELS)
def test_what_it_saves_it_loads_and_saves_again_to_the_same_bytes(name, target):
    fitted = learned(name, target)
    files = fitted.save()
    again = SKLEARN.load(files)
    assert answers(again, frame()) == answers(fitted, frame())
    assert again.save() == fitted.save() == files


@pytest.mark.parametrize(("name", "target"), MODELS)
def test_the_same_lesson_and_seed_give_the_same_bytes(name, target):
    model = (REGRESSORS if target == "y" else CLASSIFIERS)[name]
    assert fit(target=target, **model).save() == learned(name, target).save()


@pytest.mark.parametrize(("name", "target"), MODELS)
def test_nulls_and_levels_it_never_saw_survive(name, target):
    rows = pl.DataFrame(
        {"a": [None, 1.0, None], "b": [0.5, float("nan"), None], "colour": ["mauve", None, "red"]}
    )
    said = learned(name, target).predict(rows)
    assert said.values.len() == 3
    assert said.values.null_count() == 0


@pytest.mark.parametrize("name", ["line", "forest"])
def test_no_rows_get_no_answers(name):
    said = learned(name, "y").predict(frame().clear())
    assert said.values.len() == 0
    assert said.values.dtype == pl.Float64


def test_threads_leave_no_trace_in_a_forest():
    forest = REGRESSORS["forest"]
    assert fit(**forest, threads=2).save() == fit(**forest, threads=1).save()
    assert fit(**forest, n_jobs=2).save() == fit(**forest, threads=1).save()


def test_another_seed_is_another_forest():
    forest = REGRESSORS["forest"]
    assert fit(**forest, seed=2).save()[ESTIMATOR] != fit(**forest, seed=1).save()[ESTIMATOR]
    told = fit(**forest, random_state=2, seed=1)
    assert told.save()[ESTIMATOR] == fit(**forest, seed=2).save()[ESTIMATOR]


@pytest.mark.parametrize(
    ("target", "classes", "dtype"),
    [
        ("label", ("high", "low", "mid"), pl.String),
        ("number", (0, 10, 20), pl.Int64),
        ("yes", (False, True), pl.Boolean),
    ],
)
def test_labels_come_back_in_the_targets_own_type(target, classes, dtype):
    fitted, rows = fit(**CLASSIFIERS["boosted"], target=target), frame()
    said = fitted.predict(rows)
    assert fitted.classes == said.classes == classes
    assert said.values.dtype == dtype
    assert (said.values == rows[target]).mean() > 0.9
    np.testing.assert_allclose(said.probabilities.sum(axis=1), 1)
    most_likely = [classes[i] for i in said.probabilities.argmax(axis=1)]
    assert said.values.to_list() == most_likely


def test_it_is_scikit_learns_own_answer_on_the_same_matrix():
    from sklearn.linear_model import Ridge

    rows = frame().drop_nulls()
    ours = SKLEARN.fit(
        lesson(rows=rows),
        Sklearn(estimator="sklearn.linear_model.Ridge", alpha=2.0),
        seed=1,
        threads=1,
    )
    levels = [(rows["colour"] == c).cast(pl.Float64).to_numpy() for c in sorted(COLOURS)]
    matrix = np.column_stack([rows["a"].to_numpy(), rows["b"].to_numpy(), *levels])
    theirs = Ridge(alpha=2.0).fit(matrix, rows["y"].to_numpy()).predict(matrix)
    np.testing.assert_allclose(ours.predict(rows).values.to_numpy(), theirs, rtol=1e-12)


def test_numbers_are_scaled_where_the_file_says_so():
    nearest = Sklearn(estimator="sklearn.neighbors.KNeighborsRegressor")
    plain = SKLEARN.fit(lesson(), nearest, seed=1, threads=1)
    scaled = SKLEARN.fit(lesson(scale=True), nearest, seed=1, threads=1)
    assert plain.predict(frame()).values.to_list() != scaled.predict(frame()).values.to_list()


def test_a_class_can_weigh_more_by_its_label():
    logistic = CLASSIFIERS["logistic"]
    plain = fit(**logistic, target="number").predict(frame())
    heavy = fit(**logistic, target="number", class_weight={"0": 1, "10": 50, "20": 1})
    assert (heavy.predict(frame()).values == 10).sum() > (plain.values == 10).sum()
    with pytest.raises(UnknownName, match="no class `11`"):
        fit(**logistic, target="number", class_weight={"11": 2})


def test_an_estimator_among_the_params_is_named_like_any_other():
    fitted = fit(
        "sklearn.compose.TransformedTargetRegressor",
        regressor="sklearn.linear_model.Ridge",
        regressor__alpha=3.0,
        transformer="sklearn.preprocessing.StandardScaler",
    )
    assert fitted.estimator.regressor_.alpha == 3.0
    voting = fit(
        "sklearn.ensemble.VotingRegressor",
        estimators=[
            ["a", "sklearn.linear_model.Ridge"],
            ["b", "sklearn.tree.DecisionTreeRegressor"],
        ],
    )
    assert voting.estimator.get_params()["b__random_state"] == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("sklearn.ensemble.RandomForestRegresor", "Did you mean `sklearn.ensemble.RandomFor"),
        ("sklearn.ensembles.RandomForestRegressor", "Did you mean `sklearn.ensemble.RandomFor"),
    ],
)
def test_an_unknown_estimator_is_answered_with_a_guess(path, words):
    with pytest.raises(UnknownName, match=words):
        fit(path)


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "sklearn.utils._testing.Path",
        "sklearn.datasets.fetch_openml",
        "numpy.linalg.LinAlgError",
        "Ridge",
    ],
)
def test_only_public_classes_of_scikit_learn_are_estimators(path):
    with pytest.raises(UserError, match=r"params\.estimator is|no estimator of scikit-learn"):
        fit(path)


def test_an_unknown_parameter_is_answered_with_a_guess():
    with pytest.raises(UnknownName, match=r"parameter of Ridge `alhpa`\. Did you mean `alpha`"):
        fit("sklearn.linear_model.Ridge", alhpa=1)
    with pytest.raises(UnknownName, match=r"PolynomialFeatures `degre`\. Did you mean `degree`"):
        fit(**REGRESSORS["pipeline"] | {"polynomialfeatures": {"degre": 2}})


def test_a_value_that_scikit_learn_refuses_is_the_users_error():
    with pytest.raises(UserError, match="'alpha' parameter of Ridge must be"):
        fit("sklearn.linear_model.Ridge", alpha=-1)


def test_a_transformer_alone_is_no_model():
    with pytest.raises(UserError, match="neither regresses nor classifies"):
        fit("sklearn.preprocessing.StandardScaler")


@pytest.mark.parametrize(
    ("estimator", "target", "words"),
    [
        ("sklearn.linear_model.Ridge", "label", "regression expects numbers"),
        ("sklearn.linear_model.LogisticRegression", "y", "classifier expects text"),
    ],
)
def test_a_target_of_the_wrong_type_is_refused(estimator, target, words):
    with pytest.raises(UserError, match=words) as refused:
        fit(estimator, target=target)
    assert target == "y" or "ends in Classifier" in str(refused.value.hint)


def test_the_task_is_the_estimators():
    assert SKLEARN.task(Sklearn(estimator="sklearn.svm.LinearSVC")) == "classification"
    assert SKLEARN.task(Sklearn(estimator="sklearn.linear_model.Lasso")) == "regression"
    assert SKLEARN.task(Sklearn(**REGRESSORS["pipeline"])) == "regression"


def test_show_tells_what_it_is():
    told = learned("pipeline", "y").describe()
    assert told["estimator"][-1] == "sklearn.linear_model.Ridge"
    assert "alpha=0.5" in told["params"]
    assert [n["name"] for n in told["encoding"]["numbers"]] == ["a", "b"]


@pytest.mark.parametrize("name", [MODEL, ESTIMATOR])
def test_damaged_files_are_corrupt(name):
    files = learned("line", "y").save()
    with pytest.raises(Corrupt):
        SKLEARN.load({**files, name: files[name][: len(files[name]) // 2]})
    with pytest.raises(Corrupt):
        SKLEARN.load({n: data for n, data in files.items() if n != name})


def test_without_scikit_learn_the_pip_command_is_named():
    code = """
import sys
sys.modules["sklearn"] = None
import polars as pl
from keepfit.config.schema.rows import Encode
from keepfit.errors import NotInstalled
from keepfit.kinds.base import Lesson
from keepfit.kinds.sklearn.params import Sklearn
from keepfit.kinds.sklearn.kind import SKLEARN
rows = pl.DataFrame({"a": [1.0, 2.0], "y": [1.0, 2.0]})
try:
    SKLEARN.fit(
        Lesson(("a",), "y", rows, rows, Encode()),
        Sklearn(estimator="sklearn.linear_model.Ridge"),
        seed=1,
        threads=1,
    )
except NotInstalled as error:
    print(error.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == NotInstalled("", "sklearn").hint


def test_importing_the_kind_imports_nothing_of_scikit_learn():
    code = "import keepfit.kinds.sklearn.kind, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert not {b"sklearn", b"skops", b"scipy", b"joblib"} & set(loaded.split())
