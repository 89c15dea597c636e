from __future__ import annotations

import json

import pytest

from keepfit.config import diff
from keepfit.config.diff import bump, changes, training_digest
from keepfit.config.schema.model import ModelSpec
from keepfit.config.schema.rows import ORDERS, Data
from keepfit.digest import canonical

BASE = """\
[project]
name = "taxi"
[model.fare]
kind = "ridge"
target = "fare"
features = ["a", "b"]
"""
DATA = '[model.fare.data]\nsource = "x.csv"\n'


@pytest.fixture
def resolved(folder):
    def resolved(*, text=BASE, data=DATA, more=""):
        return folder.write(f"{text}{data}{more}").load().resolved("fare")

    return resolved


@pytest.mark.parametrize(
    ("changed", "level", "words"),
    [
        ({"text": BASE.replace("ridge", "lasso")}, "major", "kind ridge → lasso"),
        ({"text": BASE.replace('target = "fare"', 'target = "tip"')}, "major", "target fare → tip"),
        ({"text": BASE.replace('"b"', '"c"')}, "minor", "features + c, - b"),
        ({"text": BASE.replace('"a", "b"', '"b", "a"')}, "minor", "features in another order"),
        ({"text": BASE + "threads = 2\n"}, "minor", "threads 1 → 2"),
        ({"text": BASE + 'per = "a"\n'}, "minor", "per nothing → a"),
        ({"text": BASE + "params.alpha = 0.3\n"}, "minor", "params.alpha 1.0 → 0.3"),
        ({"text": BASE + "encode.rare = 5\n"}, "minor", "encode.rare 1 → 5"),
        ({"text": BASE + 'split.holdout = "1 month"\n'}, "minor", "split.holdout 0.2 → 1 month"),
        ({"data": DATA + 'clean.far = "a > 1"\n'}, "minor", "data.clean.far nothing → a > 1"),
        ({"data": DATA + 'derive.h = "hour(t)"\n'}, "minor", "data.derive.h nothing → hour(t)"),
        ({"data": DATA + 'window = "12 months"\n'}, "minor", "data.window nothing → 12 months"),
        ({"data": DATA + 'time = "t"\n'}, "minor", "data.time nothing → t"),
        ({"data": DATA + 'key = ["id"]\n'}, "minor", "data.key + id"),
        ({"data": DATA + 'types.a = "text"\n'}, "minor", "data.types.a nothing → text"),
        ({"data": DATA + 'query = "select 1"\n'}, "minor", "data.query nothing → select 1"),
        ({"data": DATA + 'origin.column = "b"\n'}, "minor", "data.origin.column nothing → b"),
        ({"data": DATA + "text.a.lower = true\n"}, "minor", "data.text.a.lower nothing → true"),
        ({"data": DATA + 'transform = "f:g"\n'}, "minor", "data.transform nothing → f:g"),
        (
            {"data": '[model.fare.data]\nsource = {sql = "select 2", uri = "x"}\n'},
            "minor",
            "data.sql nothing → select 2",
        ),
    ],
)
def test_what_changes_the_model_is_named_and_raises_a_number(resolved, changed, level, words):
    old, new = resolved(), resolved(**changed)
    assert words in [str(change) for change in changes(old, new)]
    assert bump(old, new) == level
    assert training_digest(old) != training_digest(new)


def test_of_another_kind_the_params_that_both_take_are_named_and_the_others_follow(resolved):
    lasso = BASE.replace("ridge", "lasso") + "params.alpha = 0.3\n"
    said = [str(change) for change in changes(resolved(), resolved(text=lasso))]
    assert said == ["kind ridge → lasso", "params.alpha 1.0 → 0.3"]
    plain = BASE.replace("ridge", "linear")
    assert [str(change) for change in changes(resolved(), resolved(text=plain))] == [
        "kind ridge → linear"
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"text": BASE + 'owner = "x"\n'},
        {"text": BASE + 'description = "x"\n'},
        {"text": BASE + "gate.min_gain = 0.5\n"},
        {"text": BASE + 'promote.production = "auto"\n'},
        {"text": BASE + 'schedule.max_age = "1 day"\n'},
        {"text": BASE + "keep.days = 1\n"},
        {"text": BASE + "checks.min_rows = 1\n"},
        {"text": BASE + "params.alpha = 1.0\n"},
        {"data": DATA.replace("x.csv", "y.csv")},
    ],
)
def test_what_cannot_change_the_model_makes_nothing_due(resolved, changed):
    old, new = resolved(), resolved(**changed)
    assert changes(old, new) == []
    assert bump(old, new) == "patch"
    assert training_digest(old) == training_digest(new)


def test_every_key_is_known_to_change_a_model_or_not_to():
    """A new key of the schema must be named here or in config/diff.py."""
    idle = {"name", "owner", "description", "checks", "gate", "benchmark", "metric", "promote"}
    idle |= {"schedule", "keep", "serve", "card", "tune"}
    assert ModelSpec.model_fields.keys() - idle == {*diff._MAJOR, *diff._MINOR, "data"}
    assert Data.model_fields.keys() - {"source"} == {*diff._DATA} - ORDERS.keys()


def test_a_query_counts_and_the_address_of_its_database_does_not(resolved):
    def source(sql, uri):
        query = f'[model.fare.data]\nsource = {{ rows = {{ sql = "{sql}", uri = "{uri}" }} }}\n'
        return training_digest(resolved(data=query))

    assert source("select 1", "a") == source("select 1", "b") != source("select 2", "a")


def test_a_major_change_wins_over_minor_ones(resolved):
    new = resolved(text=BASE.replace("ridge", "lasso") + "threads = 2\n")
    assert bump(resolved(), new) == "major"


RULES = '[model.fare.data]\nsource = "x.csv"\n{} = {{ {} }}\n'


@pytest.mark.parametrize("which", ["derive", "clean"])
def test_rules_in_another_order_are_another_model_and_are_stored_in_theirs(resolved, which):
    one = resolved(data=RULES.format(which, 'z = "a > 1", a = "z > 2"'))
    other = resolved(data=RULES.format(which, 'a = "z > 2", z = "a > 1"'))
    assert [str(change) for change in changes(one, other)] == [f"data.{which} in another order"]
    assert bump(one, other) == "minor"
    assert training_digest(one) != training_digest(other)
    for table in (one, other):
        stored = json.loads(canonical(table))
        read = ModelSpec.model_validate(stored)
        assert [*getattr(read.data, which)] == [*table["data"][which]]
        assert training_digest(read.plain()) == training_digest(table)


def test_of_rules_that_come_and_go_the_order_is_not_told_of(resolved):
    one = resolved(data=RULES.format("derive", 'z = "a", y = "b"'))
    other = resolved(data=RULES.format("derive", 'z = "a", y = "b", c = "z"'))
    assert [change.key for change in changes(one, other)] == ["data.derive.c"]


def test_rules_in_the_order_of_their_names_are_stored_as_ever(resolved):
    table = resolved(data=RULES.format("derive", 'a = "b", z = "a"'))
    assert not [key for key in table["data"] if key.endswith("_order")]


def test_an_order_in_the_file_is_no_key(folder):
    (told,) = folder.write(BASE + DATA + 'derive_order = ["x"]\n').problems()[:1]
    assert "model.fare.data.derive_order is not a known key" in told


def test_an_estimator_without_epochs_is_stored_as_before_there_were_any(folder):
    text = BASE.replace("ridge", "sklearn") + 'params.estimator = "sklearn.linear_model.Ridge"\n'
    table = folder.write(text + DATA).load().resolved("fare")
    assert table["params"] == {"estimator": "sklearn.linear_model.Ridge"}
