"""The gate refuses every sabotaged candidate, on real data and for every kind of answer."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepfit.cli import main
from keepfit.config.schema.gate import Gate
from keepfit.lifecycle.judging import selftest
from keepfit.lifecycle.judging.selftest import SABOTAGED, gate_test
from keepfit.records.comparison import Side

MODEL = """\
[project]
name = "real"

[model.real]
kind = "{kind}"
target = "target"
features = {features}
{more}
[model.real.data]
source = "rows.parquet"
"""


@pytest.fixture
def real(bare):
    """A project of the rows given; the first column is the target."""

    def build(rows, kind, more=""):
        rows.write_parquet(bare.root / "rows.parquet")
        features = [name for name in rows.columns if name != "target"]
        text = MODEL.format(kind=kind, features=features, more=more)
        (bare.root / "keepfit.toml").write_text(text)
        bare.name = "real"
        return bare

    return build


def bundled(name):
    from sklearn import datasets

    made = getattr(datasets, f"load_{name}")()
    names = [str(each).replace(" ", "_") for each in made.feature_names]
    rows = pl.DataFrame(made.data, schema=names)
    return rows.with_columns(target=pl.Series(made.target))


def labelled(name, words):
    return bundled(name).with_columns(pl.col("target").replace_strict(dict(enumerate(words))))


DATA = {
    "diabetes": lambda: (bundled("diabetes"), "ridge"),
    "breast cancer": lambda: (labelled("breast_cancer", ["malign", "benign"]), "logistic"),
    "iris": lambda: (labelled("iris", ["setosa", "versicolor", "virginica"]), "logistic"),
}


@pytest.mark.parametrize("name", DATA)
def test_every_sabotaged_candidate_is_refused(real, name):
    rows, kind = DATA[name]()
    life = real(rows, kind)
    test = gate_test(life.model, life.ports())
    assert test.let_through == ()
    assert [trial.candidate for trial in test.trials] == list(SABOTAGED)
    assert all(trial.reason for trial in test.trials)
    assert not test.honest.refused


def test_each_is_refused_for_what_is_wrong_with_it(real):
    rows, kind = DATA["diabetes"]()
    life = real(rows, kind)
    test = gate_test(life.model, life.ports())
    reasons = {trial.candidate: trial.reason for trial in test.trials}
    words = {
        "shuffled labels": "worse by",
        "constant": "worse by",
        "last but one": "worse by",
        "leaked target": "look for a column that knows the answer",
        "learned holdout": "none is left to judge on",
        "hidden holdout": "the certificate's fingerprint",
        "wrong units": "worse by",
        "missing answer": "the prediction is None",
        "the champion again": "byte for byte",
        "the champion renamed": "the same answers as the champion on all",
    }
    assert words.keys() == reasons.keys()
    assert [name for name in words if words[name] not in reasons[name]] == []


def test_labels_without_probabilities_are_refused_as_well(real):
    params = '[model.real.params]\nestimator = "sklearn.svm.LinearSVC"'
    rows = labelled("iris", ["setosa", "versicolor", "virginica"])
    life = real(rows, "sklearn", more='gate = { metric = "accuracy" }')
    life.add(params)
    assert gate_test(life.model, life.ports()).let_through == ()


def test_what_the_gate_must_find_is_not_hidden_by_benchmarks_or_checks(life):
    life.add('[model.price.benchmark.gone]\nfile = "gone.csv"')
    test = gate_test(life.model, life.ports())
    assert not test.honest.refused
    assert not any("gone.csv" in trial.reason for trial in test.trials)


def test_the_self_test_stores_nothing(life):
    before = life.tree()
    gate_test(life.model, life.ports())
    assert life.tree() == before


@pytest.fixture
def noise(real):
    """Rows with nothing to learn: what an honest model finds there, a constant beats."""
    rng = np.random.default_rng(3)
    columns = {f"x{i}": rng.normal(size=300) for i in range(200)}
    return real(pl.DataFrame({**columns, "target": rng.normal(size=300)}), "linear")


def test_a_sabotaged_candidate_that_is_let_through_is_named_and_the_exit_code_says_so(
    noise, monkeypatch, capsys
):
    monkeypatch.chdir(noise.root)
    with pytest.raises(SystemExit) as stop:
        main(["check", "--gate"])
    out, err = capsys.readouterr()
    assert stop.value.code == 3
    assert "✗ constant: let through: mae " in out
    assert "the gate lets a candidate through that is sabotaged (constant)" in err
    assert "an honest model against a constant is refused by the gate as well" in out


@pytest.fixture(scope="module")
def scene(begin_at, tmp_path_factory):
    """An honest model of the houses in the place of the champion."""
    life = begin_at(tmp_path_factory.mktemp("scene"))
    life.months(*range(1, 11))
    return selftest._scene(life.model, life.ports())


GATES = st.builds(
    Gate,
    metric=st.sampled_from(["mae", "rmse", "r2", "within-10000"]),
    min_gain=st.sampled_from([0.0, 1e-12, 5.0]),
    confidence=st.floats(0.51, 0.999),
    slices=st.sampled_from([(), ("district",)]),
    max_overlap=st.floats(0, 0.99),
)


@given(gate=GATES, versions=st.tuples(*[st.none() | st.sampled_from(["1.0.0-a", "2.0.0-b"])] * 2))
@settings(max_examples=60)
def test_no_model_is_accepted_against_itself_whatever_the_gate_and_the_names(scene, gate, versions):
    spec = scene.model.spec.model_copy(update={"gate": gate})
    held = replace(scene, model=replace(scene.model, spec=spec))
    digest = scene.champion.side.digest
    one, other = (replace(scene.champion, side=Side(digest=digest, version=v)) for v in versions)
    assert selftest._trial(held, "itself", one, other).refused
    renamed = scene.posing("renamed", scene.champion.said)
    assert selftest._trial(held, "renamed", renamed, other).refused
