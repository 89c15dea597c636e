"""Models of scikit-learn by their ONNX file: the same answers, or a reason why there is none."""

import hashlib
import subprocess
import sys
from functools import cache

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Data, Encode
from keepfit.data.types.dtypes import columns_of
from keepfit.errors import Corrupt
from keepfit.kinds import batch_of, convert
from keepfit.kinds.base import Lesson
from keepfit.kinds.onnx.graph import INPUT, OUTPUT, Graph, NotConverted
from keepfit.kinds.sklearn.kind import SKLEARN
from keepfit.kinds.sklearn.params import Sklearn
from keepfit.train.agreement import ONNX, agreements, faster
from keepfit.train.predictor import Predictor

pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
pytest.importorskip("skl2onnx", reason="the extra `onnx` is not installed")

FEATURES = ("a", "whole", "small", "colour", "grade", "yes")


def frame(rows=600, seed=7):
    """Numbers of all sizes, text, numbers that are categories, booleans; each with gaps."""
    random = np.random.default_rng(seed)
    a, whole = random.normal(size=rows) * 1e4, random.integers(-5, 6, rows)
    colour = random.choice(["red", "green", "blue"], rows)
    y = a / 1e4 - whole + (colour == "red") * 3
    made = pl.DataFrame(
        {
            "a": a,
            "whole": whole,
            "small": (random.normal(size=rows) / 1e6),
            "colour": colour,
            "grade": random.integers(1, 4, rows) / 2,
            "yes": random.random(rows) > 0.4,
        }
    )
    gaps = [
        pl.when(pl.Series(random.random(rows) > 0.1)).then(pl.col(name)).alias(name)
        for name in FEATURES
    ]
    labels = [["low", "mid", "high"][place] for place in np.digitize(y, [-1, 3])]
    return made.with_columns(gaps).with_columns(
        y=pl.Series(y), count=pl.Series(np.abs(y) + 0.5), label=pl.Series(labels), two=y > 0
    )


def strange():
    """What training never saw: other levels, numbers that are none, and both ends of floats."""
    return pl.DataFrame(
        {
            "a": [None, float("inf"), float("nan"), -0.0, 1e30],
            "whole": [None, 2**53 + 1, 0, -(2**62), 3],
            "small": [1e-300, None, -1e-30, 0.0, 1.0],
            "colour": ["violet", None, "", "red", "location"],
            "grade": [7.0, None, float("nan"), float("-inf"), 0.5],
            "yes": [None, True, False, True, False],
        }
    )


TREES = "sklearn.ensemble."
MODELS = {
    "boosting": ("y", {"estimator": TREES + "HistGradientBoostingRegressor", "max_iter": 15}),
    "boosting-counts": (
        "count",
        {"estimator": TREES + "HistGradientBoostingRegressor", "loss": "poisson", "max_iter": 9},
    ),
    "boosting-two": ("two", {"estimator": TREES + "HistGradientBoostingClassifier", "max_iter": 9}),
    "boosting-three": (
        "label",
        {"estimator": TREES + "HistGradientBoostingClassifier", "max_iter": 9},
    ),
    "gradient": ("y", {"estimator": TREES + "GradientBoostingRegressor", "n_estimators": 9}),
    "gradient-three": (
        "label",
        {"estimator": TREES + "GradientBoostingClassifier", "n_estimators": 9},
    ),
    "gradient-exponential": (
        "two",
        {
            "estimator": TREES + "GradientBoostingClassifier",
            "loss": "exponential",
            "n_estimators": 9,
        },
    ),
    "forest": ("y", {"estimator": TREES + "RandomForestRegressor", "n_estimators": 9}),
    "forest-two": ("two", {"estimator": TREES + "RandomForestClassifier", "n_estimators": 9}),
    "forest-three": ("label", {"estimator": TREES + "ExtraTreesClassifier", "n_estimators": 9}),
    "tree": ("y", {"estimator": "sklearn.tree.DecisionTreeRegressor"}),
    "leaf": ("y", {"estimator": "sklearn.tree.DecisionTreeRegressor", "min_samples_leaf": 500}),
    "line": ("y", {"estimator": "sklearn.linear_model.LinearRegression"}),
    "logistic": ("label", {"estimator": "sklearn.linear_model.LogisticRegression"}),
    "logistic-two": ("two", {"estimator": "sklearn.linear_model.LogisticRegression"}),
    "pipeline": (
        "label",
        {
            "estimator": [
                "sklearn.preprocessing.StandardScaler",
                "sklearn.linear_model.LogisticRegression",
            ]
        },
    ),
}


@cache
def predictor(name, **encode):
    target, params = MODELS[name]
    rows = frame()
    how = Encode(categorical=("grade",), scale="logistic" in name or None, **encode)
    lesson = Lesson(FEATURES, target, rows, rows.clear(), how)
    fitted = SKLEARN.fit(lesson, Sklearn(**params), seed=1, threads=1)
    columns = columns_of({key: kind for key, kind in rows.schema.items() if key in FEATURES})
    return Predictor(columns, Data(source="rows.csv"), None, FEATURES, fitted, target)


def held(name, rows):
    one = predictor(name)
    return faster("sklearn", one, rows, one.predict(rows))


@pytest.mark.parametrize("name", MODELS)
def test_it_answers_as_the_exact_pipeline_does(name):
    found = held(name, frame(900, seed=3))
    (agreement,) = found.agreements
    assert (agreement.path, agreement.rows, agreement.agreed) == ("onnx", 900, True), agreement
    assert agreement.deviation < 1e-12
    assert [*found.files] == [ONNX]


@pytest.mark.parametrize("name", [name for name in MODELS if "logistic" not in name])
def test_what_training_never_saw_is_answered_alike(name):
    (agreement,) = held(name, strange()).agreements
    assert agreement.agreed, agreement


@pytest.mark.parametrize("name", ["forest-three", "pipeline"])
def test_the_same_model_gives_the_same_bytes_in_every_process(name):
    first = convert("sklearn", predictor(name).fitted)
    again = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); import test_onnx as t;"
        "print(hashlib.sha256(t.convert('sklearn', t.predictor(sys.argv[2]).fitted)).hexdigest())"
    )
    command = [sys.executable, "-c", again, str(__file__).rpartition("/")[0], name]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_a_row_alone_gets_what_it_gets_among_many():
    one = predictor("boosting")
    model = batch_of("sklearn", one.fitted.save(), convert("sklearn", one.fitted))
    rows = frame(300).select(model.columns).rows()
    together, _ = model.answer(rows)
    assert [model.answer([row])[0][0] for row in rows] == together


@pytest.mark.parametrize(
    ("target", "params", "why"),
    [
        ("label", {"estimator": "sklearn.svm.LinearSVC"}, "labels without probabilities"),
        (
            "y",
            {"estimator": TREES + "GradientBoostingRegressor", "init": "sklearn.svm.SVR"},
            "another estimator",
        ),
    ],
)
def test_what_cannot_be_said_in_onnx_is_told_and_keeps_no_file(target, params, why):
    rows = frame()
    lesson = Lesson(FEATURES, target, rows, rows.clear(), Encode())
    fitted = SKLEARN.fit(lesson, Sklearn(**params), seed=1, threads=1)
    columns = columns_of({key: kind for key, kind in rows.schema.items() if key in FEATURES})
    one = Predictor(columns, Data(source="rows.csv"), None, FEATURES, fitted, target)
    found = faster("sklearn", one, rows, one.predict(rows))
    assert why in found.agreements[0].problem
    assert (found.agreements[0].path, found.files) == ("onnx", {})


def test_an_estimator_that_the_converter_does_not_know_is_no_failure():
    rows = frame()
    lesson = Lesson(FEATURES, "y", rows, rows.clear(), Encode())
    asked = Sklearn(estimator="sklearn.linear_model.TheilSenRegressor", max_subpopulation=50)
    fitted = SKLEARN.fit(lesson, asked, seed=1, threads=1)
    try:
        assert convert("sklearn", fitted)
    except NotConverted as why:
        assert "\n" not in str(why)  # noqa: PT017 either is right


@pytest.mark.parametrize("by", [1e-6, float("nan"), float("inf")])
def test_a_planted_disagreement_is_not_taken(monkeypatch, by):
    right = Graph.bytes

    def shifted(graph, answer):
        return right(graph, graph.add("Add", answer, graph.constant(by)))

    monkeypatch.setattr(Graph, "bytes", shifted)
    found = held("boosting", frame(100))
    assert not found.agreements[0].agreed
    assert found.files == {}


def test_another_label_alone_is_a_disagreement(monkeypatch):
    right = Graph.bytes

    def swapped(graph, answer):
        order = graph.constant([1, 0], np.int64)
        return right(graph, graph.add("Gather", answer, order, axis=1))

    monkeypatch.setattr(Graph, "bytes", swapped)
    found = held("forest-two", frame(100))
    assert "labels differ" in found.agreements[0].problem
    assert found.files == {}


def test_without_the_extra_nothing_is_tried(monkeypatch):
    monkeypatch.setattr("keepfit.kinds.onnx.write.find_spec", lambda _: None)
    assert (held("boosting", frame(50)).agreements, held("boosting", frame(50)).files) == ((), {})


def external(_):
    """The file with its weights said to lie beside it."""
    from onnx import ModelProto, TensorProto

    model = ModelProto.FromString(convert("sklearn", predictor("line").fitted))
    for weights in model.graph.initializer:
        if weights.data_type != TensorProto.DOUBLE:
            continue
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        entry = weights.external_data.add()
        entry.key, entry.value = "location", "/etc/passwd"
    return model.SerializeToString()


def foreign(_):
    """A sound file that reads another matrix."""
    graph = Graph(3)
    axis = graph.constant([1], np.int64)
    return graph.bytes(graph.add("ReduceSum", INPUT, axis))


def talkative(_):
    """A sound file that says more than was asked."""
    graph = Graph(10)
    return graph.bytes(INPUT)


def cut(onnx):
    return onnx[: len(onnx) // 2]


def empty(_):
    return b""


def noise(_):
    return np.random.default_rng(0).bytes(2000)


def runtime_format(_):
    return b"\x00\x00\x00\x00ORTM" + bytes(100)


@pytest.mark.parametrize(
    "damage", [external, foreign, talkative, cut, empty, noise, runtime_format]
)
def test_a_file_that_is_not_this_models_is_refused(damage):
    one = predictor("line")
    file = damage(convert("sklearn", one.fitted))
    with pytest.raises(Corrupt, match=r"compiled/model\.onnx: it "):
        batch_of("sklearn", one.fitted.save(), file)
    (agreement,) = agreements("sklearn", one, frame(50), one.predict(frame(50)), {ONNX: file})
    assert "compiled/model.onnx" in agreement.problem


def test_answering_needs_neither_frames_nor_scikit_learn(tmp_path):
    one = predictor("forest-three")
    for name, data in {**one.fitted.save(), ONNX: convert("sklearn", one.fitted)}.items():
        (tmp_path / name).write_bytes(data)
    code = f"""
import sys
from pathlib import Path
from keepfit.kinds import batch_of
files = {{file.name: file.read_bytes() for file in Path({str(tmp_path)!r}).iterdir()}}
model = batch_of("sklearn", files, files["model.onnx"])
print(model.answer([dict(a=1.0, whole=2, small=0.0, colour="red", grade=.5, yes=True)[c]
                    for c in model.columns] for _ in [0])[0])
print({{"polars", "sklearn", "skops", "onnx", "skl2onnx", "pandas"}} & sys.modules.keys())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[0] in ("['low']", "['mid']", "['high']")
    assert said.stdout.splitlines()[1] == "set()"


def test_a_file_has_no_time_no_author_and_one_matrix():
    from onnx import ModelProto

    for name in ("boosting", "logistic"):
        model = ModelProto.FromString(convert("sklearn", predictor(name).fitted))
        assert (model.producer_name, model.producer_version, model.ir_version) == (
            "keepfit",
            "",
            10,
        )
        assert [one.name for one in model.graph.input] == [INPUT]
        assert [one.name for one in model.graph.output] == [OUTPUT]
