"""Hyperparameters as keys of a model, typed by what they name; unknown ones are guessed."""

import pytest

from keepfit.kinds import params_of
from keepfit.sagemaker.hyper import Own, Target, own_of, settings_of

DOTTED = "expected a dotted key such as model.fare.params.alpha"


def target(kind="ridge"):
    return Target("fare", params_of(kind))


def read(texts, kind="ridge"):
    settings, problems = settings_of(texts, target(kind))
    assert not problems
    return {".".join(map(str, setting.path)): setting.value for setting in settings}


def wrongs(texts, kind="ridge"):
    return [str(problem) for problem in settings_of(texts, target(kind))[1]]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("alpha", "model.fare.params.alpha"),
        ("params.alpha", "model.fare.params.alpha"),
        ("split.seed", "model.fare.split.seed"),
        ("gate.metric", "model.fare.gate.metric"),
        ("data.window", "model.fare.data.window"),
        ("kind", "model.fare.kind"),
        ("threads", "model.fare.threads"),
        ("model.fare.params.alpha", "model.fare.params.alpha"),
        ("project.name", "project.name"),
        ('data.derive."odd name"', "model.fare.data.derive.odd name"),
    ],
)
def test_a_name_means_a_key_of_the_model_or_a_parameter_of_the_kind(key, path):
    assert list(read({key: "1"})) == [path]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("alpha", "0.1", 0.1),
        ("alpha", "1e-3", 0.001),
        ("alpha", " 2 ", 2),
        ("fit_intercept", "true", True),
        ("fit_intercept", "False", False),
        ("split.seed", "7", 7),
        ("split.holdout", "1 month", "1 month"),
        ("split.holdout", "0.25", 0.25),
        ("target", "2013", "2013"),
        ("target", '"fare"', "fare"),
        ("target", "true", "true"),
        ("kind", "ridge", "ridge"),
        ("gate.metric", "mae", "mae"),
        ("features", "a, b,c", ["a", "b", "c"]),
        ("features", '["a", "b"]', ["a", "b"]),
        ("features", "['a', 'b']", ["a", "b"]),
        ("features", "2013,2014", ["2013", "2014"]),
        ("data.key", "trip", ["trip"]),
        (
            "params",
            '{"alpha": 0.5, "fit_intercept": false}',
            {"alpha": 0.5, "fit_intercept": False},
        ),
        ("gate.rules", '[{"metric": "mae", "max": 2.5}]', [{"metric": "mae", "max": 2.5}]),
        ("data.types", '{"a": "text"}', {"a": "text"}),
        ("checks.min_rows", "null", None),
        ("checks.min_rows", "None", None),
        ("description", "null", "null"),
    ],
)
def test_a_text_is_read_as_what_it_names(key, text, value):
    assert list(read({key: text}).values()) == [value]
    assert all(type(a) is type(value) for a in read({key: text}).values())


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("max_depth", "3", 3),
        ("max_depth", "None", None),
        ("criterion", "gini", "gini"),
        ("bootstrap", "True", True),
        ("class_weight", '{"a": 2}', {"a": 2}),
        ("standardscaler__with_mean", "false", False),
        ("estimator", '["sklearn.x.A", "sklearn.y.B"]', ["sklearn.x.A", "sklearn.y.B"]),
        ("estimator", "sklearn.tree.DecisionTreeClassifier", "sklearn.tree.DecisionTreeClassifier"),
    ],
)
def test_a_kind_that_takes_any_parameter_is_given_it(key, text, value):
    assert read({key: text}, "sklearn") == {f"model.fare.params.{key}": value}


def test_every_name_that_nobody_knows_is_told_with_a_guess():
    assert wrongs({"alhpa": "1", "targte": "x", "splitt.seed": "1", "a b": "1", "alpha": "1"}) == [
        "hyperparameters.json: alhpa is not a known key. Did you mean `alpha`?",
        "hyperparameters.json: targte is not a known key. Did you mean `target`?",
        "hyperparameters.json: splitt.seed is not a known key. Did you mean `split`?",
        f"hyperparameters.json: a b is not a key; {DOTTED}",
    ]


def test_what_is_said_to_the_container_is_no_setting():
    texts = {
        "keepfit.model": "fare",
        "keepfit.header": "Present",
        "keepfit.columns": "a,b, c",
        "keepfit.profile": "prod",
        "alpha": "1",
    }
    assert own_of(texts) == (Own("fare", "prod", ("a", "b", "c"), True), [])
    assert list(read(texts)) == ["model.fare.params.alpha"]


def test_what_the_container_does_not_know_is_told_with_a_guess():
    _, problems = own_of({"keepfit.modle": "fare", "keepfit.header": "maybe"})
    assert list(map(str, problems)) == [
        "hyperparameters.json: keepfit.modle is not a known key. Did you mean `model`?",
        "hyperparameters.json: keepfit.header is 'maybe'; expected 'present' or 'absent'",
    ]
