"""Descriptions to commodity codes: from three noisy sources to a search box."""

import csv
import json
import re
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tariff(project_at, tmp_path_factory):
    """The example as `init` writes it, after a run and an approval; the tests only look."""
    project = project_at(tmp_path_factory.mktemp("tariff"))
    project.keepfit("init", "tariff", "--example", "tariff")
    project = project_at(project.root / "tariff")
    project.keepfit("check")
    ran = project.keepfit("run")
    project.keepfit("approve", "code", "--yes", "--reason", "known cases are right")
    return project_at(project.root, ran)


@pytest.fixture(scope="module")
def evidence(tariff):
    return tariff.told("show", "code@production")["judgement"]["evidence"]


def test_the_codes_are_learned_as_far_as_the_declarations_are_right(evidence):
    scores = {score["metric"]: score["challenger"] for score in evidence["scores"]}
    assert 0.94 < scores["accuracy"] < 1  # of a hundred declarations three name another code
    assert scores["accuracy"] < scores["prefix-4"] < scores["top-5"]
    [known] = evidence["benchmarks"]
    assert (known["challenger"], known["cases"], known["ambiguous"]) == (1.0, 6, 1)


def test_what_was_refused_overruled_or_unknown_is_counted(evidence):
    removed = {one["rule"].rpartition(".")[2]: one for one in evidence["removals"]}
    assert removed["new_labels"]["rows"] == 1
    assert removed["new_labels"]["examples"][0]["code"] == "660191"
    assert removed["authority"]["rows"] > 1000
    assert removed["only-digits"]["rows"] > 20
    assert {one["description"].lower() for one in removed["vague"]["examples"]} <= {
        "goods",
        "parts",
        "personal effects",
    }


def test_a_file_of_parcels_is_answered_as_far_as_it_says_something(tariff):
    flags = "--max-rejects", "50%", "--overwrite", "--select", "prediction"
    tariff.keepfit("predict", "code@production", "parcels.csv", "codes.csv", *flags)
    with (tariff.root / "codes.csv").open() as file:
        said = {row["id"]: row["prediction"] for row in csv.DictReader(file)}
    assert said == {"P1": "611011", "P2": "", "P3": "640391", "P6": "940161"}
    with (tariff.root / "codes.rejects.csv").open() as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["P4", "P5"]


@pytest.fixture(scope="module")
def ask(tariff, served):
    with served(tariff, "code@production") as at:

        def ask(path, body):
            kind = {"content-type": "application/json"}
            request = urllib.request.Request(f"{at}{path}", body.encode(), kind)
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())

        yield ask


def test_the_requests_of_the_readme_are_answered(ask, examples):
    readme = (examples / "tariff" / "README.md").read_text()
    shown = re.findall(r"curl -s 'localhost:8080(\S+)' .* -d '(.*)'", readme)
    six, four = (ask(path, body) for path, body in shown)
    assert six["label_1"] == "611011"
    assert six["score_1"] > six["score_2"] > six["score_3"]
    assert {len(six[f"label_{k}"]) for k in (1, 2, 3)} == {6}
    assert four["prediction"] == "9401"
    assert "label_3" not in four


def test_a_curated_term_is_sure_and_a_vague_one_answered_with_nothing(ask):
    assert ask("/invocations?top_k=1", '{"description": "Leather  SANDALS"}') == {
        "prediction": "640391",
        "label_1": "640391",
        "score_1": 1.0,
        "version": ask("/invocations", '{"description": "goods"}')["version"],
    }
    assert ask("/invocations?top_k=1", '{"description": "Goods"}')["label_1"] is None


def test_what_cannot_be_answered_is_refused_with_all_reasons(ask):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask("/invocations", '[{"description": "4711"}, {"description": "?"}]')
    assert caught.value.code == 400
    said = json.loads(caught.value.read())
    caught.value.close()
    assert [problem["expected"] for problem in said["problems"]] == [
        "text that is refused as `only-digits`",
        "fewer than 3 characters of text",
    ]


def test_any_version_is_made_again_to_the_bit(tariff):
    assert "IDENTICAL" in tariff.keepfit("rebuild", "code@production")
