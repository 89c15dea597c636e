import json
import shutil

import pytest


@pytest.fixture(scope="module")
def two(once_trained, tmp_path_factory):
    """1.0.0 and 1.1.0 and a file of rows that both have not seen; the tests only look."""
    folder = tmp_path_factory.mktemp("two") / "taxi"
    shutil.copytree(once_trained.root, folder)
    project = type(once_trained)(folder)
    project.keepfit("run", "--set", "model.fare.params.alpha=50.0")
    rows = project.file("data/trips-2013-03.csv").read_text().replace("2013-03", "2013-06")
    head, *lines = rows.splitlines()
    project.file("june.csv").write_text("\n".join([head, *(f"9{line}" for line in lines)]) + "\n")
    return project


def test_evaluate_tells_every_metric_on_rows_of_a_file(two, call):
    said = call(two, "evaluate", "fare@1.0", "--data", "june.csv")
    assert said.code == 0
    result = json.loads(call(two, "evaluate", "fare@1.0", "--data", "june.csv", "--json").out)
    assert said.out.startswith(f"fare {result['version']} on 40 rows of june.csv")
    for score in result["scores"]:
        assert f"{score['metric']}" in said.out
        assert f"{score['challenger']:#.4g}" in said.out


def test_evaluate_warns_of_rows_that_were_learned_from(two, call):
    two.file("mixed.csv").write_text(
        two.file("june.csv").read_text()
        + two.file("data/trips-2013-01.csv").read_text().split("\n", 1)[1]
    )
    said = call(two, "evaluate", "fare@1.0", "--data", "mixed.csv")
    assert "! it learned from 40 more rows there; they were left out" in said.out
    assert "on 40 rows of mixed.csv" in said.out


def test_compare_shows_both_sides_and_where_they_disagree(two, call):
    said = call(two, "compare", "fare@1.0", "fare@1.1", "--data", "june.csv")
    assert said.code == 0
    assert said.out.startswith("fare on 40 rows that neither has learned from")
    assert "Where they disagree most:" in said.out
    result = json.loads(
        call(two, "compare", "fare@1.0", "fare@1.1", "--data", "june.csv", "--json").out
    )
    evidence = result["judgement"]["evidence"]
    assert evidence["champion"]["version"].startswith("1.1.0")
    most = evidence["disagreements"]["most"]
    assert len(most) == 10
    assert most[0]["key"]["trip_id"] in said.out
    assert "They differ on 40 of 40 rows." in said.out


def test_benchmarks_are_shown_case_by_case(two, call):
    june = two.file("june.csv").read_text().splitlines()
    two.file("known.csv").write_text("\n".join([june[0], *june[1:4]]) + "\n")
    known = "--set", "model.fare.benchmark.known.file=known.csv"
    more = "--set", "model.fare.benchmark.known.case=trip_id"
    scored = call(two, "evaluate", "fare@1.0", *known, *more)
    assert "Benchmarks:" in scored.out
    assert "known" in scored.out
    said = call(two, "compare", "fare@1.0", "fare@1.1", "--data", "june.csv", *known, *more)
    assert "✓ known: mae " in said.out
    assert "Cases on which one side is better:" in said.out
    assert june[1].split(",")[0] in said.out


def test_compare_of_a_version_with_itself_exits_with_3(two, call):
    call(two, "compare", "fare@1.0", "fare@1.0.0").refuses(3, "the same model")


def test_compare_of_two_models_is_refused(two, call):
    call(two, "compare", "fare@1.0", "tips@1.0").refuses(
        2, "versions of different models", "keepfit train fare --set model.fare.kind=KIND"
    )


def test_what_is_no_reference_is_answered_with_the_spellings(two, call):
    call(two, "evaluate", "fare").refuses(2, "`fare` is not a reference", "MODEL@STAGE")


def test_compare_shows_the_ways_of_a_model_on_past_periods(two, call):
    said = call(two, "compare", "fare", "--ways", "--periods", "1").out
    head, columns, window, *more = said.splitlines()
    assert "judged by what was learned from rows before it" in head
    assert columns.split()[:3] == ["train", "rows", "takes"]
    assert window.startswith("window (now)")
    assert any(line.startswith("update was left out: going on from a model") for line in more)
    told = json.loads(call(two, "compare", "fare", "--ways", "--periods", "1", "--json").out)
    assert [trial["way"] for trial in told["trials"]] == ["window"]


def test_ways_are_of_one_model_and_versions_are_two(two, call):
    call(two, "compare", "fare", "tips", "--ways").refuses(2, "--ways is about one model")
    call(two, "compare", "fare@1.0").refuses(2, "there is one version; expected two")
