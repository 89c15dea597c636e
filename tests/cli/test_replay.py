import json
import sys
import xml.etree.ElementTree as ET

import pytest

PAST = ["replay", "fare", "--from", "2013-02", "--to", "2013-04"]


def test_replay_tells_each_policy_month_by_month_and_the_totals(project, call):
    pytest.importorskip("matplotlib")
    said = call(project, *PAST)
    assert said.code == 0
    lines = said.out.splitlines()
    for policy in ("monthly", "never", "on-decay"):
        start = lines.index(policy)
        assert [line.split()[0] for line in lines[start + 2 : start + 4]] == [
            "2013-02-01",
            "2013-03-01",
        ]
        assert any(line.split()[:1] == [policy] and len(line.split()) == 4 for line in lines)
    assert project.file("replay-fare.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert ET.parse(project.file("replay-fare.svg")).getroot().tag.endswith("svg")
    assert lines[-1].startswith("The chart: ")
    assert not project.store.exists()


def test_json_holds_the_same_facts(project, call):
    pytest.importorskip("matplotlib")
    said = call(project, *PAST, "--policy", "never", "--json", "--chart", "year")
    (course,) = json.loads(said.out)
    assert (course["policy"], course["metric"], course["better"]) == ("never", "mae", "lower")
    assert [p["start"] for p in course["periods"]] == ["2013-02-01", "2013-03-01"]
    assert [p["rows"] for p in course["periods"]] == [40, 40]
    assert course["periods"][1]["champion"] == course["periods"][0]["challenger"]
    assert project.file("year.svg").is_file()


def test_without_matplotlib_the_table_is_enough(project, call, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = call(project, *PAST, "--policy", "never")
    assert said.code == 0
    assert "never" in said.out
    assert said.out.splitlines()[-1] == "For a chart: pip install 'keepfit[plot]'"
    assert not list(project.root.glob("replay-*"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--policy": "always,sometimes"}, "there is no policy `sometimes`"),
        ({"--every": "fortnight"}, "--every fortnight: expected a duration"),
        ({"--to": "2013-02"}, "--from 2013-02 is not before --to 2013-02"),
        ({"--from": "spring"}, "`spring` is not a time"),
    ],
)
def test_a_flag_that_means_nothing_is_named(project, call, change, words):
    flags = {"--from": "2013-02", "--to": "2013-04"} | change
    call(project, "replay", "fare", *(part for pair in flags.items() for part in pair)).refuses(
        2, words
    )


def test_periods_may_be_weeks(project, call):
    said = call(
        project, "replay", "fare", "--from", "2013-02-10", "--to", "2013-02-25",
        "--every", "week", "--policy", "weekly", "--json", "--chart", "weeks",
        "--set", "model.fare.split.holdout='1 week'",
    )  # fmt: skip
    starts = [period["start"] for period in json.loads(said.out)[0]["periods"]]
    assert starts == ["2013-02-10", "2013-02-17", "2013-02-24"]
