"""What every kind promises. A new kind is one line in `CASES`."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
import sentence_models
from pydantic import ValidationError

from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt, UserError
from keepfit.kinds import KINDS, kind, known, params_of
from keepfit.kinds.base import Fitted, Lesson, Prediction


class Case(NamedTuple):
    """A kind, what it is given, and the column that it learns."""

    kind: str
    params: dict[str, Any]
    target: str
    features: tuple[str, ...] = ("size", "age", "zone", "flag", "colour")


CASES = {
    "linear": Case("linear", {}, "amount"),
    "ridge": Case("ridge", {"alpha": 0.5}, "amount"),
    "lasso": Case("lasso", {"alpha": 0.01}, "amount"),
    "elastic-net": Case("elastic-net", {"alpha": 0.01}, "amount"),
    "logistic, two classes": Case("logistic", {}, "yes"),
    "logistic, three classes": Case("logistic", {}, "label"),
    "boosting": Case(
        "sklearn",
        {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "max_iter": 10},
        "amount",
    ),
    "boosting of classes": Case(
        "sklearn",
        {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "max_iter": 5},
        "label",
    ),
    "chunk after chunk": Case(
        "sklearn", {"estimator": "sklearn.naive_bayes.GaussianNB", "epochs": 1}, "yes"
    ),
    "forest": Case(
        "sklearn",
        {"estimator": "sklearn.ensemble.RandomForestRegressor", "n_estimators": 5},
        "amount",
    ),
    "forest of classes": Case(
        "sklearn",
        {"estimator": "sklearn.ensemble.RandomForestClassifier", "n_estimators": 5},
        "yes",
    ),
    "hist gradient": Case("hist-gradient-boosting-regressor", {"max_iter": 10}, "amount"),
    "hist gradient of a quantile": Case(
        "hist-gradient-boosting-regressor",
        {"loss": "quantile", "quantile": 0.6, "max_iter": 20, "min_samples_leaf": 5},
        "amount",
    ),
    "hist gradient of two classes": Case("hist-gradient-boosting-classifier", {}, "yes"),
    "hist gradient of classes": Case("hist-gradient-boosting-classifier", {"max_iter": 5}, "label"),
    "catboost": Case("catboost-regressor", {"iterations": 60, "learning_rate": 0.2}, "amount"),
    "catboost of a quantile": Case(
        "catboost-regressor",
        {"iterations": 60, "learning_rate": 0.2, "loss": "quantile", "quantile": 0.6},
        "amount",
    ),
    "catboost of two classes": Case("catboost-classifier", {"iterations": 40}, "yes"),
    "catboost of classes": Case("catboost-classifier", {"iterations": 40}, "label"),
    "lightgbm": Case("lightgbm-regressor", {"min_data_in_leaf": 5}, "amount"),
    "lightgbm of a quantile": Case(
        "lightgbm-regressor",
        {"loss": "quantile", "quantile": 0.6, "min_data_in_leaf": 5},
        "amount",
    ),
    "lightgbm of two classes": Case("lightgbm-classifier", {}, "yes"),
    "lightgbm of classes": Case("lightgbm-classifier", {"num_iterations": 20}, "label"),
    "net": Case("mlp-regressor", {"learning_rate": 0.02, "batch_size": 20}, "amount"),
    "net of a quantile": Case(
        "mlp-regressor",
        {"loss": "quantile", "quantile": 0.5, "learning_rate": 0.02, "dropout": 0.1},
        "amount",
    ),
    "net of two classes": Case("mlp-classifier", {"learning_rate": 0.02, "epochs": 20}, "yes"),
    "net of classes": Case("mlp-classifier", {"learning_rate": 0.02, "epochs": 20}, "label"),
    "texts": Case("text-classifier", {"epochs": 20}, "label", ("note",)),
    "texts of two columns, two classes": Case(
        "text-classifier", {"epochs": 20, "exact": True}, "yes", ("note", "colour")
    ),
    "texts of codes": Case(
        "text-classifier", {"levels": (2, 4), "epochs": 20, "words": 0}, "code", ("note",)
    ),
    "texts of many labels": Case("text-classifier", {"epochs": 2}, "lot", ("note",)),
    "sentences": Case(
        "text-classifier",
        {"embeddings": "models/small", "words": 0, "characters": (), "epochs": 20},
        "label",
        ("note",),
    ),
    "sentences and n-grams": Case(
        "text-classifier", {"embeddings": "models/small", "epochs": 20}, "yes", ("note", "colour")
    ),
    "python": Case("python", {"class": "own_kinds:Means"}, "amount"),
    "python of classes": Case("python", {"class": "own_kinds:Centroids"}, "label"),
}
FORECASTS = {
    "seasonal-naive",
    "ets",
    "theta",
    "auto-arima",
    "deepar",
}  # tests/forecasts puts these to the test
HOME = Path(__file__).parent  # of the classes
EXTRAS = {
    "sklearn": "sklearn",
    "hist": "sklearn",
    "catboost": "catboost",
    "lightgbm": "lightgbm",
    "mlp": "torch",
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request) -> Case:
    for extra in extras_of(request.param):
        pytest.importorskip(extra)
    return request.param


def extras_of(case: Case) -> tuple[str, ...]:
    """The packages that it needs beside keepfit."""
    if "embeddings" in case.params:
        return ("tokenizers", "onnxruntime", "onnx")
    extra = EXTRAS.get(case.kind.partition("-")[0])
    return (extra,) if extra else ()


def home_of(case: Case) -> Path:
    """The folder of what it names of the project."""
    return sentences() if "embeddings" in case.params else HOME


@cache
def sentences() -> Path:
    """A folder with a sentence model."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    sentence_models.write(Path(folder.name) / "models/small", sentence_models.files())
    return Path(folder.name)


def rows(count: int, seed: int) -> pl.DataFrame:
    """Numbers with nulls, numbers that are categories, booleans and texts, and four targets."""
    random = np.random.default_rng(seed)
    size, age = random.normal(size=count) * 3 + 50, random.integers(0, 90, count)
    colour = random.choice(["red", "green", "blue", None], count).tolist()
    amount = size - age / 10 + np.array([len(c or "") for c in colour]) + random.normal(size=count)
    frame = pl.DataFrame(
        {
            "size": size,
            "age": age,
            "zone": random.choice([7, 41, 265], count),
            "flag": random.choice([True, False], count),
            "colour": pl.Series(colour, dtype=pl.String),
            "amount": amount,
            "yes": amount > 49,
            "label": np.array(["low", "mid", "top"])[np.digitize(amount, [47, 51])],
            "code": np.array(["0101", "0102", "0201"])[np.digitize(amount, [47, 51])],
            "note": notes(np.digitize(amount, [47, 51]), random),
        }
    )
    frame = frame.with_columns(lot=pl.col("note").str.slice(0, 2) + pl.col("label"))
    return frame.with_columns(pl.when(pl.int_range(pl.len()) % 11 != 5).then(pl.col("size")))


WORDS = ("small", "cheap", "Ärmel"), ("fair", "plain", "cotton"), ("great", "dear", "silk")


def notes(levels: np.ndarray, random: np.random.Generator) -> list[str]:
    """A text each, mostly of words that its level has."""
    mine = [
        random.choice([*WORDS[level], *WORDS[level], "red", "of", "Hut"], 4) for level in levels
    ]
    return [" ".join(words.tolist()) for words in mine]


def lesson(case: Case, train: pl.DataFrame, **encode: object) -> Lesson:
    wanted = train.select(*case.features, case.target)
    encode = Encode(categorical=("zone",) if "zone" in case.features else (), **encode)
    return Lesson(case.features, case.target, wanted, wanted.clear(), encode)


def fit(case: Case, train: pl.DataFrame, **encode: object) -> Fitted:
    params = params_of(case.kind)(**case.params)
    return kind(case.kind, home_of(case)).fit(
        lesson(case, train, **encode), params, seed=42, threads=1
    )


@cache
def fitted_kind(name: str) -> Fitted:
    return fit(CASES[name], rows(120, seed=1))


@pytest.fixture
def fitted(case) -> Fitted:
    return fitted_kind(next(name for name, one in CASES.items() if one is case))


def bits(prediction: Prediction) -> list[bytes]:
    """A row each: value and probabilities, as bytes."""
    values = [repr(value).encode() for value in prediction.values]
    if prediction.probabilities is None:
        return values
    shares = prediction.probabilities
    return [value + share.tobytes() for value, share in zip(values, shares, strict=True)]


def test_every_kind_is_put_to_the_test():
    assert {case.kind for case in CASES.values()} == set(KINDS) - FORECASTS
    assert set(KINDS) <= set(known())


def test_it_learns_something(case, fitted):
    later = rows(200, seed=2)
    found = fitted.predict(later)
    assert found.values.len() == later.height
    if fitted.classes:
        assert fitted.classes == found.classes == tuple(sorted(set(later[case.target])))
        assert found.values.dtype == later[case.target].dtype
        most = later[case.target].value_counts()["count"].max() / later.height
        assert (found.values == later[case.target]).mean() > most + 0.05
        assert found.probabilities.shape == (later.height, len(fitted.classes))
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, rtol=1e-12)
    else:
        assert found.values.dtype == pl.Float64
        error = ((found.values - later[case.target]) ** 2).mean()
        assert error < 0.7 * later[case.target].var()


def test_it_says_what_its_task_is(case, fitted):
    task = kind(case.kind, home_of(case)).task(params_of(case.kind)(**case.params))
    assert task == ("classification" if fitted.classes else "regression")


def test_a_param_it_does_not_have_is_refused_by_name(case):
    def learn_with_it() -> None:  # params that are anything are looked at by the estimator
        bad = params_of(case.kind)(**case.params, no_such_param=1)
        kind(case.kind, home_of(case)).fit(lesson(case, rows(50, seed=1)), bad, seed=1, threads=1)

    with pytest.raises((ValidationError, UserError), match="no_such_param"):
        learn_with_it()


def test_one_row_is_predicted_like_many(fitted):
    later = rows(60, seed=3)
    many = bits(fitted.predict(later))
    alone = [bits(fitted.predict(later[row : row + 1]))[0] for row in range(later.height)]
    assert alone == many
    assert bits(fitted.predict(pl.concat([later] * 70)))[-later.height :] == many


def test_what_it_saves_it_loads(case, fitted):
    files, later = fitted.save(), rows(60, seed=3)
    again = kind(case.kind, home_of(case)).load(files)
    assert bits(again.predict(later)) == bits(fitted.predict(later))
    assert (again.save(), again.classes) == (files, fitted.classes)


def test_it_is_saved_in_formats_that_run_no_code(fitted):
    for name, data in fitted.save().items():
        assert name.rpartition(".")[2] in {
            "json",
            "skops",
            "npy",
            "cbm",
            "txt",
            "safetensors",
            "onnx",
        }
        assert not data.startswith(b"\x80")  # how every pickle begins


def test_files_of_another_kind_are_not_loaded(case):
    with pytest.raises(Corrupt):
        kind(case.kind, home_of(case)).load({"model.json": b"{}"})
    with pytest.raises(Corrupt):
        kind(case.kind, home_of(case)).load({})


def test_fitting_twice_gives_the_same_bytes(case, fitted):
    assert fit(case, rows(120, seed=1)).save() == fitted.save()


@pytest.fixture(scope="session")
def made_elsewhere(tmp_path_factory) -> list[dict[str, dict[str, str]]]:
    """What two processes with other hash seeds, folders and clocks' zones made of every case."""
    names = [name for name, case in CASES.items() if all(map(find_spec, extras_of(case)))]
    places = [("0", tmp_path_factory.mktemp("elsewhere"), "UTC"), ("4242", "/", "Asia/Tokyo")]
    return [digests(names, *place) for place in places]


def test_fitting_in_another_process_gives_the_same_bytes(case, made_elsewhere):
    name = next(name for name, one in CASES.items() if one is case)
    one, other = made_elsewhere
    assert one[name] == other[name] != {}


def digests(names: list[str], seed: str, folder: object, zone: str) -> dict[str, dict[str, str]]:
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    out = subprocess.run(
        [sys.executable, __file__, *names],
        cwd=folder,
        env={**os.environ, **threads, "PYTHONHASHSEED": seed, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stderr == ""
    return json.loads(out.stdout)


def test_nulls_and_categories_it_never_saw_survive(fitted):
    strange = pl.DataFrame(
        {
            "size": [None, float("nan"), float("inf"), 1e9],
            "age": [None, 0, -1, 10**12],
            "zone": [None, 8, 7, 0],
            "flag": [None, True, False, None],
            "colour": [None, "", "ultraviolet", "red"],
            "note": [None, "", "\0 \x1b \U0001f9e6 of", "never seen"],
        }
    )
    check_answers(fitted, strange)


def test_a_column_of_nothing_but_nulls_survives(case, fitted):
    later = rows(5, seed=3)
    for name in case.features:
        check_answers(fitted, later.with_columns(pl.lit(None, later[name].dtype).alias(name)))
        check_answers(fitted, later.with_columns(pl.lit(None).alias(name)))


def test_types_that_mean_the_same_are_read_alike(fitted):
    later = rows(40, seed=3)
    other = later.with_columns(
        pl.col("age").cast(pl.Float64),
        pl.col("zone").cast(pl.Float64),
        pl.col("flag").cast(pl.Int8),
        pl.col("colour", "note").cast(pl.Categorical),
    )
    assert bits(fitted.predict(other)) == bits(fitted.predict(later))


def test_a_level_with_one_training_row_survives(case):
    train = rows(120, seed=1)
    lonely = pl.when(pl.int_range(pl.len()) == 17).then(pl.lit("only here"))
    train = train.with_columns(colour=lonely.otherwise(pl.col("colour")))
    for rare in (1, 2):
        check_answers(fit(case, train, rare=rare), train)


def test_the_expression_says_the_same_or_is_none(fitted):
    later = rows(300, seed=4).with_columns(colour=pl.col("colour").replace("red", "never seen"))
    expression = fitted.expression()
    if expression is None:
        return
    shown = later.lazy().select(expression).collect().to_series()
    assert shown.name == "prediction"
    assert list(map(repr, shown)) == list(map(repr, fitted.predict(later).values))


def test_what_it_tells_of_itself_is_plain_data(fitted):
    assert json.loads(json.dumps(fitted.describe()))


def check_answers(fitted: Fitted, later: pl.DataFrame) -> None:
    found = fitted.predict(later)
    assert found.values.len() == later.height
    assert found.values.null_count() == 0
    if fitted.classes:
        assert set(found.values) <= set(fitted.classes)
        assert np.isfinite(found.probabilities).all()
    else:
        assert found.values.is_finite().all()


LIGHT = """
import sys
import polars as pl
from keepfit.config.schema.rows import Encode
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
rows = pl.DataFrame({"x": [1.0, 2.0, 3.0, None], "g": ["a", "b", "a", "b"], "y": [0, 1, 0, 2]})
for name in ("linear", "ridge", "lasso", "elastic-net", "logistic"):
    lesson = Lesson(("x", "g"), "y", rows, rows.clear(), Encode())
    fitted = kind(name).fit(lesson, params_of(name)(), seed=1, threads=1)
    kind(name).load(fitted.save()).predict(rows)
print(*{"sklearn", "scipy", "pandas", "pickle5", "joblib"} & set(sys.modules))
"""


def test_linear_kinds_neither_train_nor_predict_with_scikit_learn_or_scipy():
    out = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert (out.stdout.strip(), out.stderr) == ("", "")


def digests_of(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


if __name__ == "__main__":
    made = {name: fit(CASES[name], rows(120, seed=1)).save() for name in sys.argv[1:]}
    print(json.dumps({name: digests_of(files) for name, files in made.items()}))
