"""A model that refuses more texts: that is seen, and wins nothing."""

from __future__ import annotations

import json
import random

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

[model.code.data]
source = "goods.csv"
key    = ["id"]
types  = { code = "text" }

[model.code.gate]
metrics = ["accuracy", "coverage", "selective_accuracy"]
rules   = [
  { metric = "accuracy", min = 0.6 },
  { metric = "coverage", min = 0.5 },
]

[model.code.data.text.said]
lower = true
"""


def goods(count):
    """Shirts and shoes, and lots of which nobody can tell what they hold: three of ten."""
    chance = random.Random(4)
    rows = []
    for i in range(count):
        code, word = (("61", "shirt"), ("64", "shoe"))[i % 2]
        text = f"{('red', 'blue', 'new')[i % 3]} {word}"
        if chance.random() < 0.3:
            code, text = chance.choice(["61", "64"]), f"lot {i % 7}"
        rows.append({"id": i, "said": text, "code": code})
    return pl.DataFrame(rows)


@pytest.fixture
def answering(tmp_path, project_at):
    """A project whose champion answers every text."""
    project = project_at(tmp_path / "goods")
    project.root.mkdir()
    project.file("keepfit.toml").write_text(FILE)
    goods(600).write_csv(project.file("goods.csv"))
    done = project.keepfit("run")
    assert done.code == 0, done.err
    return project


def told(project, *words):
    """What a verb tells as data."""
    return json.loads(project.keepfit(*words, "--json").out)


def judged(project, reference):
    """How many rows judged a version, and its scores by metric."""
    evidence = told(project, "show", reference)["judgement"]["evidence"]
    return evidence["rows"], {one["metric"]: one["challenger"] for one in evidence["scores"]}


def refusing_lots(project, rule):
    """The same model, which refuses what is hard, before a gate with a rule in another's place."""
    project.edit("keepfit.toml", "lower = true", "lower = true\nreject = { lots = '^lot ' }")
    project.edit("keepfit.toml", '{ metric = "coverage", min = 0.5 }', rule)
    return project.keepfit("run")


def test_who_refuses_what_is_hard_is_asked_all_the_same(answering):
    rows, before = judged(answering, "code@production")
    done = refusing_lots(answering, '{ metric = "accuracy", min = 0.95 }')
    done.refuses(3)
    assert "accuracy is 0.8" in done.out
    again, now = judged(answering, "code@latest")
    assert again == rows
    assert now["accuracy"] == pytest.approx(before["accuracy"], abs=0.05)
    assert (before["coverage"], now["coverage"]) == (1, pytest.approx(0.7, abs=0.05))
    assert now["selective_accuracy"] == 1  # what is left is easy: that is for people to weigh


def test_a_rule_says_how_much_less_may_be_answered(answering):
    done = refusing_lots(answering, '{ metric = "coverage", max_drop = 0.1 }')
    done.refuses(3)
    assert (
        "coverage 0.675 against 1.000 of the champion: worse by 0.325; allowed is 0.1 worse"
        in done.out
    )


def test_a_text_that_was_derived_is_refused_as_any_other(answering):
    answering.edit("keepfit.toml", 'features = ["said"]', 'features = ["told"]')
    answering.edit("keepfit.toml", "data.text.said]", "data.text.told]")
    derive = 'key    = ["id"]\nderive = { told = "said || \'!\'" }'
    answering.edit("keepfit.toml", 'key    = ["id"]', derive)
    refusing_lots(answering, '{ metric = "coverage", max_drop = 0.1 }').refuses(3)
    assert "removed by text.told.reject.lots" in answering.keepfit("show", "code@latest").out


def test_coverage_may_be_what_champion_and_challenger_are_compared_on(answering):
    answering.edit("keepfit.toml", "[model.code.gate]", '[model.code.gate]\nmetric = "coverage"')
    done = refusing_lots(answering, '{ metric = "coverage", min = 0.1 }')
    done.refuses(3)
    assert "✗ coverage 0.675 against 1.000 of the champion: worse by 0.325" in done.out
    compared = told(answering, "compare", "code@1.0", "code@1.1")
    comparison = compared["judgement"]["evidence"]["comparison"]
    assert comparison["metric"] == "coverage"
    assert comparison["low"] > 0  # the other way round
    apart = compared["judgement"]["evidence"]["disagreements"]
    assert apart["one_sided"] == round(0.3253 * apart["rows"])
    told_in_words = answering.keepfit("compare", "code@1.0", "code@1.1").out
    assert f"\n{apart['one_sided']} rows would be answered by one of them alone.\n" in told_in_words


def test_a_plan_counts_new_rows_that_can_be_learned_from(answering):
    refusing_lots(answering, '{ metric = "coverage", min = 0.1 }')
    answering.edit("keepfit.toml", '"goods.csv"', '"goods*.csv"')
    for number, text in enumerate(("lot 3", "red shoe")):
        more = pl.DataFrame({"id": [1000 + number], "said": [text], "code": ["64"]})
        more.write_csv(answering.file(f"goods-{number}.csv"))
        known = "none of them to learn from" not in answering.keepfit("plan").out
        assert known is (text == "red shoe")
