"""keepfit check: one model, all of them, and the gate put to the test."""

import json

import pytest


def test_the_gate_is_shown_sabotaged_candidates_and_refuses_each(once_trained, call):
    said = call(once_trained, "check", "--gate")
    assert said.code == 0
    assert "✓ shuffled labels: refused: mae " in said.out
    assert "✓ leaked target: refused: " in said.out
    assert said.out.rstrip().endswith("10 of 10 sabotaged candidates refused. Next: keepfit plan")
    (test,) = json.loads(call(once_trained, "check", "fare", "--gate", "--json").out)
    assert (test["model"], test["rows"] >= 40) == ("fare", True)
    assert all(trial["refused"] and trial["reason"] for trial in test["trials"])


def test_one_model_can_be_checked_and_an_unknown_one_is_named(once_trained, call):
    assert "1 model checked" in call(once_trained, "check", "fare").out
    call(once_trained, "check", "far").refuses(2, "there is no model `far`. Did you mean `fare`?")
    call(once_trained, "check", "far", "--gate").refuses(2, "Did you mean `fare`?")


def test_a_benchmark_that_is_not_there_is_found(once_trained, call):
    gone = "--set", "model.fare.benchmark.known.file=gone.csv"
    call(once_trained, "check", *gone).refuses(2, "model.fare.benchmark.known.file is 'gone.csv'")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'estimator = "sklearn.linear_model.Rige"',
            "which is no estimator of scikit-learn. Did you mean `sklearn.linear_model.Ridge`?",
        ),
        (
            'estimator = "sklearn.linear_model.Ridge"\nalhpa = 1.0',
            "model.fare.params.alhpa is no parameter of Ridge. Did you mean `alpha`?",
        ),
        (
            'estimator = "linear_model.Ridge"',
            "of scikit-learn by its full name, such as 'sklearn.linear_model.Ridge'",
        ),
        (
            'estimator = "RandomForestRegressor"',
            "by its full name, such as 'sklearn.ensemble.RandomForestRegressor'",
        ),
        (
            'estimator = "sklearn.linear_model.Ridge"\nepochs = 3',
            "model.fare.params.epochs is 3, and Ridge has no partial_fit; expected no epochs",
        ),
    ],
)
def test_an_estimator_and_its_parameters_are_looked_at(project, said, told):
    pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
    project.edit("keepfit.toml", '"ridge"', '"sklearn"')
    project.edit(
        "keepfit.toml", "[model.fare.data]", f"[model.fare.params]\n{said}\n[model.fare.data]"
    )
    project.keepfit("check").refuses(2, told, "1 problem")
    sound = said.replace("Rige", "Ridge").replace('"linear', '"sklearn.linear').splitlines()[0]
    sound = sound.replace('"Random', '"sklearn.ensemble.Random')
    project.edit("keepfit.toml", said, sound)
    assert project.keepfit("check").code == 0


STEPS = """\
[model.fare.params]
estimator = ["sklearn.preprocessing.StandardScaler", "sklearn.linear_model.Ridge"]

[model.fare.params.standardscaler]
with_mean = true
with_sdt  = true

[model.fare.params.ridge]
positive = false

[model.fare.data]"""


@pytest.mark.parametrize("verb", [["check"], ["train", "fare"], ["run"]])
def test_a_parameter_in_the_table_of_a_step_has_its_own_line_and_whole_key(project, verb):
    pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
    project.edit("keepfit.toml", '"ridge"', '"sklearn"')
    project.edit("keepfit.toml", "[model.fare.data]", STEPS)
    line = 1 + project.file("keepfit.toml").read_text().splitlines().index("with_sdt  = true")
    told = "model.fare.params.standardscaler.with_sdt is no parameter of StandardScaler."
    project.keepfit(*verb).refuses(2, f"keepfit.toml:{line}: {told} Did you mean `with_std`?")


OWN = """\
from dataclasses import dataclass

@dataclass
class Tree:
    depth: int = 3

@dataclass
class Params:
    tree: Tree

class Own:
    task, params = "regression", Params
    @classmethod
    def fit(cls, lesson, params): return cls()
    @classmethod
    def load(cls, files): return cls()
    def predict(self, rows): return [1.0] * rows.height
    def save(self): return {"a.json": b"1"}
"""


@pytest.mark.parametrize("verb", [["check"], ["train", "fare"]])
def test_a_table_below_the_params_of_an_own_class_has_its_lines(project, verb):
    project.edit("keepfit.toml", '"ridge"', '"python"')
    table = '[model.fare.params.tree]\ndepth = "deep"\ndept  = 4\n\n'
    params = f'[model.fare.params]\nclass = "own:Own"\n\n{table}'
    project.edit("keepfit.toml", "[model.fare.data]", params + "[model.fare.data]")
    project.file("own.py").write_text(OWN)
    line = 1 + project.file("keepfit.toml").read_text().splitlines().index('depth = "deep"')
    project.keepfit(*verb).refuses(
        2,
        f"keepfit.toml:{line}: model.fare.params.tree.depth is 'deep'; expected a whole number",
        f"keepfit.toml:{line + 1}: model.fare.params.tree.dept is not a known key.",
    )


def test_a_table_that_does_not_suit_the_model_has_the_line_of_the_table(project):
    gate = '[model.fare.gate.baseline]\nseasonal = "7 days"\n\n[model.fare.data]'
    project.edit("keepfit.toml", "[model.fare.data]", gate)
    project.edit("keepfit.toml", 'time = "pickup_at"\n', "")
    project.edit("keepfit.toml", 'holdout = "1 month"', "holdout = 0.2")
    text = project.file("keepfit.toml").read_text()
    line = 1 + text.splitlines().index("[model.fare.gate.baseline]")
    project.keepfit("check").refuses(
        2, f"keepfit.toml:{line}: model.fare.gate.baseline is seasonal"
    )


def test_sql_that_asks_for_a_column_that_is_not_there_is_found_before_any_run(project):
    project.edit(
        "keepfit.toml",
        "[model.fare.data]",
        "[model.fare.data]\n"
        'derive = { double = "2 * fair", twice = "2 * double" }\n'
        'clean = { far = "twice > milse", told = "twice >" }',
    )
    project.keepfit("check").refuses(
        2,
        'model.fare.data.derive.double is "2 * fair", but there is no column `fair`. Did you mean',
        'model.fare.data.clean.far is "twice > milse", but there is no column `milse`.',
        'model.fare.data.clean.told is "twice >", which is not understood',
        "3 problems",
    )
