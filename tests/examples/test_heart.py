"""A classifier trained, served and asked from its file alone."""

import csv
import json
import re
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def heart(project_at, tmp_path_factory):
    """The example as `init` writes it, after a run and an approval; the tests only look."""
    pytest.importorskip("catboost")
    project = project_at(tmp_path_factory.mktemp("heart"))
    project.keepfit("init", "heart", "--example", "heart")
    project = project_at(project.root / "heart")
    project.keepfit("check")
    ran = project.keepfit("run")
    project.keepfit("approve", "disease", "--yes", "--reason", "as good as the risk allows")
    return project_at(project.root, ran)


@pytest.fixture(scope="module")
def address(heart, served):
    """Of a server that answers by what production holds."""
    with served(heart, "disease@production") as at:
        yield at


def ask(address, body, kind):
    request = urllib.request.Request(f"{address}/invocations", body, {"content-type": kind})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def patients(heart):
    with (heart.root / "new.csv").open() as file:
        return list(csv.DictReader(file))


def test_both_models_pass_and_the_metrics_that_the_file_names_are_measured(heart):
    assert "2 models retrained" in heart.said
    scores = heart.told("show", "disease@production")["judgement"]["evidence"]["scores"]
    found = {score["metric"]: score["challenger"] for score in scores}
    assert 0.8 < found["roc_auc"] < 0.9  # the risk that the data is made with allows no more
    assert found.keys() >= {"accuracy", "pr_auc", "lift-at-5", "hosmer_lemeshow"}


def test_gradient_boosting_reads_categories_as_they_are_and_explains_itself(heart):
    shown = heart.told("show", "disease_trees@latest")["judgement"]["evidence"]
    assert shown["kind"] == "catboost-classifier"
    assert {score["metric"]: score["challenger"] > 0.8 for score in shown["scores"]}["roc_auc"]
    heart.keepfit("report", "disease_trees@latest", "--output", "trees.html")
    page = (heart.root / "trees.html").read_text()
    assert "SHAP" in page
    assert "chest_pain" in page


def test_files_and_requests_get_the_same_answers(heart, address):
    heart.keepfit("predict", "disease@production", "new.csv", "answers.csv", "--overwrite")
    with (heart.root / "answers.csv").open() as file:
        written = [
            (row["prediction"], float(row["probability_yes"])) for row in csv.DictReader(file)
        ]
    by_csv = ask(address, (heart.root / "new.csv").read_bytes(), "text/csv; charset=utf-8")
    told = [line.split(",") for line in by_csv.splitlines()]
    assert [label for label, *_ in told] == [label for label, _ in written]
    assert [float(row[2]) for row in told] == pytest.approx([chance for _, chance in written])
    by_json = json.loads(ask(address, json.dumps(records(heart)).encode(), "application/json"))
    assert [one["prediction"] for one in by_json["predictions"]] == [label for label, _ in written]


def records(heart):
    """The patients as JSON has them: numbers as numbers."""
    whole = ("age", "resting_pressure", "cholesterol", "max_heart_rate")
    return [
        {
            **{name: cell for name, cell in row.items() if name != "patient_id"},
            **{name: int(row[name]) for name in whole},
            "exercise_angina": row["exercise_angina"] == "true",
            "oldpeak": float(row["oldpeak"]),
        }
        for row in patients(heart)
    ]


def test_a_bad_row_is_named_and_no_error_of_the_server(heart, address):
    row = {**records(heart)[0], "age": 999}
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(address, json.dumps(row).encode(), "application/json")
    assert caught.value.code == 400
    said = json.loads(caught.value.read())
    caught.value.close()
    assert said["error"] == "row 1, column `age`: 999 is not a whole number between 18 and 120"


def test_the_readme_shows_the_row_that_it_asks_with(heart, examples, address):
    shown = re.search(r"-d '(\{.*\})'", (examples / "heart" / "README.md").read_text())[1]
    assert json.loads(shown) == records(heart)[0]
    assert json.loads(ask(address, shown.encode(), "application/json"))["prediction"] in (
        "yes",
        "no",
    )
