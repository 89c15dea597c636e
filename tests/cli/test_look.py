"""list, show, history and live tell what the registry holds."""

import json
import shutil

import pytest


@pytest.fixture(scope="module")
def two(once_trained, tmp_path_factory):
    """1.0.0 in production, 1.1.0 after it; the tests only look."""
    folder = tmp_path_factory.mktemp("two") / "taxi"
    shutil.copytree(once_trained.root, folder)
    project = type(once_trained)(folder)
    assert project.keepfit("approve", "fare", "--yes", "--reason", "fine").code == 0
    with project.file("keepfit.toml").open("a") as file:
        file.write("\n[model.fare.params]\nalpha = 2.0\n")
    project.keepfit("run")
    return project


def test_list_shows_the_newest_first_with_the_stages_that_point_at_it(two, call):
    rows = json.loads(call(two, "list", "--json").out)
    assert [row["version"][:5] for row in rows] == ["1.1.0", "1.0.0"]
    assert "production" in rows[1]["stages"]
    assert rows[1]["why"] == "never trained"
    assert rows[0]["why"] == "params.alpha 1.0 → 2.0 (minor version)"
    lines = call(two, "list").out.splitlines()
    assert lines[0].split() == ["model", "version", "stages", "verdict", "published", "by", "why"]
    assert lines[1].split()[:2] == ["fare", rows[0]["version"]]
    assert lines[-1] == "Look inside one: keepfit show fare@1.1.0"


def test_list_shows_as_many_as_asked_for(two, call):
    assert len(json.loads(call(two, "list", "fare", "--limit", "1", "--json").out)) == 1


@pytest.mark.parametrize("selector", ["production", "1", "1.0", "1.0.0", "latest", "label"])
def test_a_version_answers_to_every_spelling(two, call, selector):
    state = two.registry().state("fare")
    first, second = state.versions
    wanted = {"production": first, "1.0": first, "1.0.0": first}.get(selector, second)
    if selector == "label":
        selector, wanted = first.split("-")[1], None  # both were made of the same code
    inside = json.loads(call(two, "show", f"fare@{selector}", "--json").out)
    assert inside["manifest"]["version"] in ((first, second) if wanted is None else (wanted,))


@pytest.mark.parametrize("selector", ["1.4", "10", "2.0.0", "nowhere", "x123456"])
def test_a_version_that_is_not_there_is_told_with_what_there_is(two, call, selector):
    call(two, "show", f"fare@{selector}").refuses(2, "there is no")


def test_show_tells_scores_data_encoding_and_recipe(two, call):
    out = call(two, "show", "fare@production").out
    inside = json.loads(call(two, "show", "fare@production", "--json").out)
    for word in (
        "On 41 holdout rows:",
        "split by time",
        "79 train, 41 holdout",
        "distance_km",
        "borough",
        "kind    ridge",
        "seed    42",
        inside["manifest"]["candidate"]["digest"][:12],
        inside["manifest"]["recipe"]["snapshot"]["digest"][:12],
        "row by row in plain Python: 41 rows compared, at most 0 apart (bound 1e-09)",
    ):
        assert word in out
    mae = inside["judgement"]["evidence"]["scores"][0]
    assert mae["metric"] == "mae"
    assert f"{mae['challenger']:#.4g}" in out


def test_history_tells_every_record_in_order(two, call):
    records = json.loads(call(two, "history", "fare", "--json").out)
    assert [record["seq"] for record in records] == list(range(len(records)))
    assert [record["k"] for record in records][:9] == [
        *("freeze", "begin", "publish", "verdict", "promote", "promote", "request"),
        *("approve", "promote"),
    ]
    out = call(two, "history", "fare").out
    for word in ("froze", "began", "judged: pass", "asked for production", "approval: fine"):
        assert word in out
    assert len(json.loads(call(two, "history", "fare", "--limit", "2", "--json").out)) == 2


def test_live_tells_what_the_stage_held_at_a_time(two, call):
    promoted = two.registry().state("fare").stages["production"]
    before = json.loads(call(two, "live", "fare", "--at", "2013-06", "--json").out)
    assert before == {
        "model": "fare",
        "stage": "production",
        "at": "2013-06-01T00:00:00+00:00",
        "version": None,
    }
    after = json.loads(call(two, "live", "fare", "--at", promoted.at, "--json").out)
    assert after["version"] == promoted.version
    said = call(two, "live", "fare", "--at", "2013-06", "--stage", "staging")
    assert said.out == "fare@staging at 2013-06: nothing\n"


def test_live_of_a_stage_or_model_that_is_not_there_is_refused(two, call):
    said = call(two, "live", "fare", "--at", "2013", "--stage", "prod")
    said.refuses(2, "there is no stage `prod`")
    call(two, "live", "fair", "--at", "2013").refuses(2, "there is no model `fair`")
    call(two, "live", "fare", "--at", "soon").refuses(2, "`soon` is not a time")


def test_a_model_without_history_says_how_to_begin(project, call):
    assert call(project, "history", "fare").out.splitlines()[-1] == "Begin it: keepfit run"
    assert call(project, "list").out.splitlines()[-1] == "Make the first: keepfit run"


def test_looking_writes_nothing(two, call):
    before = {file: file.read_bytes() for file in two.root.rglob("*") if file.is_file()}
    for line in ("list", "show fare@1", "history fare", "live fare --at 2020"):
        call(two, *line.split())
    assert {file: file.read_bytes() for file in two.root.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("limit", [0, -3])
@pytest.mark.parametrize("typed", [("list",), ("history", "fare")])
def test_a_limit_that_shows_nothing_is_refused(two, call, typed, limit):
    call(two, *typed, "--limit", limit).refuses(2, "--limit", "x>=1")
