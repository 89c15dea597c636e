"""Texts that are cleaned, refused with a reason, or too vague: from the file to the answers."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

FILE = """\
[project]
name = "goods"

[model.code]
kind     = "text-classifier"
target   = "code"
features = ["said"]
params   = { epochs = 5, networks = 1, hidden = 8, max_features = 500 }
promote  = { production = "auto" }
split    = { by = "random", holdout = 0.3 }

[model.code.gate]
metrics = ["coverage"]

[model.code.data]
source = "goods.csv"
key    = ["id"]
types  = { code = "text" }

[model.code.data.text.said]
lower      = true
negations  = true
max_length = 30
reject     = { only-digits = '^[\\d ]+$' }
vague      = ["goods"]
"""
LONG = "a shirt that is described at a length"


def goods(count):
    """Shirts and shoes; of every ten one is refused or says nothing."""
    lines = []
    for i in range(count):
        code, word = (("61", "shirt"), ("64", "shoe"))[i % 2]
        text = f"{('red', 'blue', 'new')[i % 3]} {word} {i % 7}"
        text = {3: "12 34", 13: "goods", 23: LONG}.get(i % 30, text)
        lines.append({"id": i, "said": text, "code": code})
    return pl.DataFrame(lines)


@pytest.fixture(scope="module")
def once_of_texts(tmp_path_factory, project_at):
    project = project_at(tmp_path_factory.mktemp("texts") / "goods")
    project.root.mkdir()
    project.file("keepfit.toml").write_text(FILE)
    goods(300).write_csv(project.file("goods.csv"))
    done = project.keepfit("run")
    assert done.code == 0, done.err
    return project


@pytest.fixture
def of_texts(once_of_texts, tmp_path, project_at):
    shutil.copytree(once_of_texts.root, tmp_path / "goods")
    return project_at(tmp_path / "goods")


def test_what_training_leaves_out_is_shown_by_rule_with_the_text_as_it_came(once_of_texts, call):
    said = call(once_of_texts, "show", "code@latest").out
    assert "removed by text.said.reject.only-digits  8" in said
    assert "removed by text.said.max_length          9  (max_length = 30)" in said
    assert "removed by text.said.vague               8" in said
    assert f"said {LONG}\n" in said


def test_what_is_left_out_of_training_judges_all_the_same(once_of_texts, call):
    evidence = json.loads(call(once_of_texts, "show", "code@latest", "--json").out)["judgement"][
        "evidence"
    ]
    removed = sum(one["rows"] for one in evidence["removals"])
    assert evidence["split"]["train"] + evidence["rows"] + removed == 300
    [coverage] = [one for one in evidence["scores"] if one["metric"] == "coverage"]
    assert coverage["challenger"] == pytest.approx(1 - (30 - removed) / evidence["rows"])


def test_files_reject_what_is_refused_and_answer_nothing_to_what_is_vague(of_texts):
    rows = ["red shirt", "GOODS", "99", LONG, "Shoe, not a shirt", None]
    given = pl.DataFrame({"id": range(6), "said": rows})
    given.write_ndjson(of_texts.file("in.jsonl"))
    flags = "--max-rejects", "60%", "--top-k", "1"
    done = of_texts.keepfit("predict", "code@latest", "in.jsonl", "out.csv", *flags)
    assert done.code == 0, done.err
    out = pl.read_csv(of_texts.file("out.csv"), schema_overrides={"prediction": pl.String})
    assert out["id"].to_list() == [0, 1, 4, 5]
    assert out["prediction"].to_list()[:3] == ["61", None, "64"]
    assert out.row(1)[2:4] == (None, None)
    rejected = pl.read_csv(of_texts.file("out.rejects.csv"))["reason"].to_list()
    assert rejected == [
        "said: text that is refused as `only-digits`",
        "said: more than 30 characters of text",
    ]


def test_another_way_to_clean_is_due_as_a_minor_version_and_both_answer_the_same_rows(of_texts):
    of_texts.edit("keepfit.toml", "max_length = 30", "max_length = 300")
    due = of_texts.keepfit("plan").out
    assert "due" in due
    assert "data.text.said.max_length 30 → 300 (minor version)" in due
    done = of_texts.keepfit("run")
    assert done.code in {0, 3}, done.err  # the gate may say that it is no better
    compared = of_texts.keepfit("compare", "code@1.0", "code@1.1", "--json")
    assert compared.code == 0, compared.err
    shown = of_texts.keepfit("compare", "code@1.0", "code@1.1").out
    assert "Where they disagree most, by the sum of differing probabilities:" in shown
    assert "second  apart" in shown
    evidence = json.loads(compared.out)["judgement"]["evidence"]
    assert LONG in {case["features"]["said"] for case in evidence["disagreements"]["most"]}
    assert evidence["certificate"]["champion"]["answers"] == evidence["rows"]
    assert evidence["certificate"]["challenger"]["answers"] == evidence["rows"]


def test_check_names_each_thing_that_is_wrong_with_how_texts_are_cleaned(of_texts):
    of_texts.edit("keepfit.toml", "lower      = true", "lowr = true")
    of_texts.keepfit("check").refuses(2, "keepfit.toml:21", "lowr", "Did you mean `lower`?")
    of_texts.edit("keepfit.toml", "lowr = true", "lower = true")
    of_texts.edit("keepfit.toml", "'^[\\d ]+$'", "'^[\\d '")
    of_texts.keepfit("check").refuses(
        2, "keepfit.toml:24", "data.text.said.reject.only-digits", "is no regular expression"
    )
    of_texts.edit("keepfit.toml", "text.said]", "text.sad]")
    of_texts.keepfit("check").refuses(2, "data.text.sad cleans what the model does not read")
