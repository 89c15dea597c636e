"""Rows of several origins: who decides, who may bring labels, and how often each counts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Origin
from keepfit.data.columns import origin
from keepfit.data.prepare import prepare
from keepfit.kinds.linear.least_squares import LINEAR
from keepfit.train.fit import fit
from keepfit.train.job import Job

ROWS = """\
id,text,code,origin
0,shirt,61,curated
1,shirt,62,declared
2,shirt,61,declared
3,shoe,64,declared
4,,99,curated
5,,61,declared
6,lamp,94,notices
7,boot,64,notices
8,belt,42,
9,hat,,notices
"""


@pytest.fixture
def prepared(project, spec):
    """What is made of the rows, all of them for training but one."""

    def prepared(**how):
        project.write("rows.csv", ROWS)
        model = spec(
            target="code",
            kind="logistic",
            features=("text",),
            data={"source": "rows.csv", "key": ["id"], "origin": {"column": "origin", **how}},
            split={"holdout": 0.2},
        )
        return prepare(project.freeze(model), model, project.parts.path, root=project.root)

    return prepared


def ids(made):
    split = made.split
    return sorted(pl.concat([split.train, split.holdout, split.validation])["id"].to_list())


def test_rows_of_others_with_the_features_of_one_that_decides_are_left_out(prepared):
    made = prepared(authority=["curated"])
    assert ids(made) == [0, 3, 4, 6, 7, 8]  # 9 has no label
    [removal] = made.removals
    assert (removal.rule, removal.condition) == ("origin.authority", "authority = ['curated']")
    assert removal.rows == 3
    assert removal.examples[0] == {"id": "1", "text": "shirt", "code": "62", "origin": "declared"}


def test_rows_with_a_label_that_none_has_who_may_bring_one_are_left_out(prepared):
    made = prepared(new_labels=["curated", "declared"])
    assert ids(made) == [0, 1, 2, 3, 4, 5, 7]
    [removal] = made.removals
    assert removal.rows == 2
    assert removal.condition == "new_labels = ['curated', 'declared']"
    assert [example["origin"] for example in removal.examples] == ["notices", "null"]


def test_a_missing_feature_is_the_same_as_a_missing_one(prepared):
    made = prepared(authority=["curated"])
    assert 5 not in ids(made)


def test_a_row_counts_as_often_as_its_origin_weighs_and_keeps_its_place():
    train = pl.DataFrame({"n": [1, 2, 3, 4], "from": ["a", "b", None, "a"]})
    wanted = Origin(column="from", weight={"a": 3, "b": 2})
    assert origin.counted(train, wanted)["n"].to_list() == [1, 1, 1, 2, 2, 3, 4, 4, 4]
    assert origin.counted(train, Origin(column="from")) is train
    assert origin.counted(train, None) is train


def test_weights_are_told_and_so_is_an_origin_that_no_row_has(prepared):
    found = prepared(weight={"declared": 3, "curatd": 2}).findings
    told = [(one.severity, one.message) for one in found if one.check == "origin"]
    assert told[0] == (
        "warn",
        "`origin` is `curatd` in no training row. Did you mean `curated`?",
    )
    assert told[1][0] == "note"
    assert told[1][1].endswith("training rows of `declared` count 3 times each")


def test_a_model_learns_from_each_row_as_often_as_it_weighs(project, spec):
    random = np.random.default_rng(1)
    x, who = random.normal(size=200), random.choice(["a", "b"], 200)
    y = np.where(who == "a", 3 * x, -x) + random.normal(size=200)
    project.write("rows.parquet", pl.DataFrame({"x": x, "who": who, "y": y}).with_row_index("id"))
    weigh = {"column": "who", "weight": {"a": 3}}
    data = {"source": "rows.parquet", "key": ["id"], "origin": weigh}
    model = spec(kind="linear", data=data, split={"holdout": 0.2})
    snapshot = project.freeze(model)
    paths = {part.digest: project.parts.path(part.digest) for part in snapshot.parts}
    made = fit(Job.of(model, snapshot, paths, root=project.root))
    train = prepare(snapshot, model, project.parts.path).split.train
    design = np.column_stack([np.ones(train.height), train["x"]])
    root = np.sqrt(np.where(train["who"] == "a", 3, 1))
    wanted, *_ = np.linalg.lstsq(design * root[:, None], train["y"].to_numpy() * root, rcond=None)
    said = LINEAR.load(made.files).predict(pl.DataFrame({"x": [0.0, 1.0]})).values
    assert [said[0], said[1] - said[0]] == pytest.approx(wanted.tolist(), rel=1e-10)
