"""A model for each borough, from the file to the answers."""

from __future__ import annotations

import json

import polars as pl
import pytest


@pytest.fixture
def fleet(project):
    project.edit("keepfit.toml", 'target = "fare"', 'target = "fare"\nper = "borough"')
    project.rewrite(lambda row: [*row[:4], str(float(row[4]) + 50 * (row[3] == "queens"))])
    done = project.keepfit("run")
    assert done.code == 0, done.err
    return project


def test_it_is_one_version_with_one_verdict_whose_worst_models_are_shown(fleet):
    shown = fleet.keepfit("show", "fare@latest").out
    worst = shown.partition("Worst models (mae):")[2].partition("\n\n")[0]
    assert worst.count("borough = ") == 2
    assert "models: 2" in shown
    told = json.loads(fleet.keepfit("show", "fare@latest", "--json").out)
    evidence = told["judgement"]["evidence"]
    assert sum(one["rows"] for one in evidence["members"]) == evidence["rows"]
    first, second = (one["challenger"] for one in evidence["members"])
    assert first > second
    scores = {score["metric"]: score["challenger"] for score in evidence["scores"]}
    assert scores["mae"] < 1  # one line for both boroughs would be 25 off
    fleet.keepfit("report", "fare@latest", "--output", "page.html")
    assert "Worst models" in fleet.file("page.html").read_text()
    assert "IDENTICAL" in fleet.keepfit("rebuild", "fare@latest").out


def test_files_are_answered_and_a_new_borough_has_an_answer_too(fleet):
    rows = pl.DataFrame({"distance_km": [3, 3, 3], "borough": ["queens", "bronx", "new"]})
    rows.with_row_index("trip_id").write_csv(fleet.file("in.csv"))
    done = fleet.keepfit("predict", "fare@latest", "in.csv", "out.csv")
    assert done.code == 0, done.err
    queens, bronx, new = pl.read_csv(fleet.file("out.csv"))["prediction"]
    assert queens == pytest.approx(59, abs=1)
    assert bronx == pytest.approx(9, abs=1)
    assert bronx < new < queens


def test_what_is_wrong_with_per_is_told_with_its_line(project):
    project.edit("keepfit.toml", 'target = "fare"', 'target = "fare"\nper = "boro"')
    told = "keepfit.toml:7: model.fare.per is 'boro'; expected one of the features"
    project.keepfit("check").refuses(2, told, "Did you mean `borough`?")
    project.edit("keepfit.toml", '"boro"', '{ column = "borough", min_rows = 0 }\ntrain = "update"')
    project.keepfit("check").refuses(
        2, "model.fare.per.min_rows", "model.fare.train is 'update'; expected 'window' or 'all'"
    )
