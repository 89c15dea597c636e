"""keepfit report: one page a version that needs nothing else, and the same as JSON."""

import json
import re
from html.parser import HTMLParser

import msgspec
import pytest

from keepfit.digest import canonical
from keepfit.names import Version
from keepfit.report import gather
from keepfit.report.facts import Report
from keepfit.report.page import page as page_of

REFERENCES = [
    "tumour@1.0.0",
    "tumour@1.1.0",
    "iris@latest",
    "progression@1.0.0",
    "progression@1.1.0",
]
VOID = {"meta", "link", "br", "img", "circle", "line", "rect", "path", "polyline", "input"}


class Page(HTMLParser):
    """What a page consists of; an element that is not closed is an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.headings, self.words = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, text):
        if self.open and self.open[-1] != "style":
            self.words.append(text)
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(text)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module", params=REFERENCES)
def page(request, wards):
    return Page(wards.page(request.param))


def test_every_page_is_well_formed_and_asks_nobody_for_anything(page):
    for tag, attrs in page.elements:
        assert tag not in ("script", "iframe", "object", "embed", "img")
        assert not [name for name in attrs if name.startswith("on")]
        for name in ("src", "href", "action", "xlink:href"):
            assert attrs.get(name, "data:").startswith("data:"), attrs


def test_every_chart_has_a_title_and_says_in_words_what_it_shows(page):
    charts = [attrs for tag, attrs in page.elements if tag == "svg"]
    known = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    assert charts
    for attrs in charts:
        assert attrs["role"] == "img"
        assert set(attrs["aria-labelledby"].split()) <= known


def test_every_table_has_headers_with_a_scope_and_ids_are_used_once(page):
    headers = [attrs for tag, attrs in page.elements if tag == "th"]
    assert headers
    assert all(attrs.get("scope") in ("row", "col") for attrs in headers)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_the_verdict_comes_first_and_the_rest_in_its_order(wards):
    page = Page(wards.page("tumour@1.1.0"))
    titles = [words for words in page.headings if words.strip()]
    assert titles[titles.index("Verdict") :] == [
        *("Verdict", "Scores", "log_loss over versions", "Slices", "Calibration"),
        *("Effects of the features", "Classes", "What cleaning removed"),
        "Where it disagrees with its champion",
        *("What differs from the champion", "Recipe", "Model card"),
    ]


def test_how_it_may_be_served_is_told(wards):
    text = Page(wards.page("tumour@1.1.0")).text
    assert "Served" in text
    assert "row by row in plain Python: " in text


def test_what_people_wrote_is_shown_and_never_run(wards):
    text = wards.page("tumour@1.0.0")
    page = Page(text)
    for words in ("<script>alert(1)</script>", "<script>alert(2)</script>", "</svg>", "alert(3)"):
        assert words in page.text
    assert "<script" not in text
    assert "seen <script>alert(1)</script>" in page.text


def test_the_same_version_gives_the_same_bytes(wards):
    file = wards.root / "again.html"
    wards.keepfit("report", "tumour@latest", "--output", file)
    assert file.read_text() == wards.page("tumour@1.1.0")
    assert json.loads(wards.keepfit("report", "tumour@1.1", "--json")) == wards.facts(
        "tumour@1.1.0"
    )


def test_a_later_version_changes_nothing_of_an_earlier_ones_report(wards):
    facts = wards.facts("progression@1.0.0")
    assert [Version.parse(one["version"]).number for one in facts["past"]] == ["1.0.0"]
    later = wards.facts("progression@1.1.0")
    assert [Version.parse(one["version"]).number for one in later["past"]] == ["1.0.0", "1.1.0"]


def test_a_refused_version_says_why_and_what_differs_from_its_champion(wards):
    page, facts = Page(wards.page("progression@1.1.0")), wards.facts("progression@1.1.0")
    assert facts["verdict"]["outcome"] in ("fail", "inconclusive")
    for reason in facts["verdict"]["reasons"]:
        assert " ".join(reason["text"].split()) in page.text
    assert "Nobody has approved or rejected it." in page.text
    (change,) = facts["differences"]["config"]
    assert change["key"] == "features"
    assert {c["name"] for c in facts["differences"]["removed"]} == {"bmi", "bp", "s1", "s2"}
    gone = [d["column"] for d in facts["differences"]["drift"] if d.get("now") is None]
    assert gone == ["bmi", "bp", "s1", "s2"]


def test_a_first_version_has_no_champion_and_says_so(wards):
    page, facts = Page(wards.page("iris@latest")), wards.facts("iris@latest")
    assert "differences" not in facts
    assert facts["missing"]["differences"] == "it was held against no champion"
    assert "There was no champion to beat." in page.text
    assert "had no [model.iris.card]" in page.text
    assert "How often the truth is among the k likeliest" in page.text


def test_who_approved_it_and_why_stands_below_the_verdict(wards):
    facts = wards.facts("progression@1.0.0")
    said = [one["what"] for one in facts["happenings"]]
    assert said == ["published", "judged: pass", *["promoted"] * 2, "asked", "approved", "promoted"]
    approval = facts["happenings"][5]
    assert (approval["stage"], approval["reason"]) == ("production", "fine")
    assert (
        f"{approval['who']} approved it for production: “fine”"
        in Page(wards.page("progression@1.0.0")).text
    )


def test_a_model_without_coefficients_shows_the_importance_of_its_features(wards):
    page, facts = Page(wards.page("grown@latest")), wards.facts("grown@latest")
    assert "effects" not in facts
    worth = facts["evidence"]["exhibits"]["importance"]
    assert {one["feature"] for one in worth} == {"age", "sex", "bmi", "bp"}
    assert worth[0]["feature"] == "bmi"
    assert "Permutation importance" in page.text
    assert "SHAP" not in page.text


def test_a_model_with_shap_values_shows_them_beside_the_importance(wards):
    page, facts = Page(wards.page("boosted@latest")), wards.facts("boosted@latest")
    shown = facts["evidence"]["exhibits"]
    assert shown["shap"][0]["feature"] == "bmi"
    assert [one["value"] for one in shown["shap"]] == sorted(
        (one["value"] for one in shown["shap"]), reverse=True
    )
    assert shown["shap_rows"] == shown["importance_rows"]
    assert "Permutation importance" in page.text
    told = f"the mean absolute SHAP value over {shown['shap_rows']} holdout rows"
    assert told in page.text


def test_a_network_shows_how_it_learned(wards):
    pytest.importorskip("torch", reason="needs keepfit[torch]")
    learned = wards.facts("neural@1.0.0")["learning"]
    assert learned["loss"] == "squared_error"
    best = min(learned["epochs"], key=lambda one: one["validation"])
    assert best["epoch"] == learned["kept"]
    page = wards.page("neural@1.0.0")
    assert "How it learned" in page
    assert f"The weights of epoch {best['epoch']} were kept." in page
    assert "kept epoch" in wards.keepfit("show", "neural@1.0.0")
    assert wards.facts("tumour@1.0.0").get("learning") is None
    assert "How it learned" not in wards.page("tumour@1.0.0")


def test_scores_of_the_page_are_those_of_the_evidence(wards):
    facts, page = wards.facts("tumour@1.1.0"), Page(wards.page("tumour@1.1.0"))
    [stored] = (wards.root / "store/m/tumour/v").glob("1.1.0-*/*/evidence.json")
    assert facts["evidence"] == json.loads(stored.read_text())["evidence"]
    for score in facts["evidence"]["scores"]:
        assert f"{score['challenger']:.4g}" in page.text


def test_evidence_of_an_older_release_says_what_it_lacks(wards, monkeypatch):
    old = told_without(wards, gather, monkeypatch, "exhibits")
    assert "kept no pictures" in old.missing["exhibits"]
    assert "kept no pictures" in Page(page_of(old)).text


def told_without(wards, gather, monkeypatch, field):
    """The report as it would be, had the evidence been written before `field` was there."""
    project, registry = wards.opened()
    real = registry.evidence

    def older(model, version):
        whole = msgspec.json.decode(real(model, version))
        whole["evidence"].pop(field, None)
        return canonical(whole)

    monkeypatch.setattr(registry, "evidence", older)
    return gather.gather(registry, "tumour@1.1.0", project.stages, project.name)


def test_disagreements_and_benchmarks_are_shown_where_the_evidence_has_them(wards):
    facts = wards.facts("tumour@1.1.0")
    facts["evidence"] |= {
        "disagreements": {
            "distance": "sum of the differences",
            "rows": 100,
            "differing": 40,
            "mean": 0.25,
            "most": [
                {
                    "key": {"id": "<b>7"},
                    "truth": "benign",
                    "challenger": "benign",
                    "champion": "malignant",
                    "distance": 1.5,
                }
            ],
            "slices": [{"slice": "ward", "value": "3", "rows": 9, "differing": 2, "mean": 0.1}],
        },
        "benchmarks": [
            {
                "name": "hard cases",
                "file": "hard.csv",
                "digest": "0" * 64,
                "metric": "accuracy",
                "better": "higher",
                "cases": 12,
                "challenger": 0.5,
            }
        ],
    }
    shown = Page(page_of(msgspec.convert(facts, Report)))
    for words in ("Where it disagrees with its champion", "id <b>7", "ward = 3", "hard cases"):
        assert words in shown.text


def test_the_page_lies_below_the_project_unless_told_otherwise(wards):
    said = wards.keepfit("report", "tumour@production")
    assert re.search(r"^The report: (\S+)$", said.splitlines()[-1])
    named = said.splitlines()[-1].removeprefix("The report: ")
    assert re.fullmatch(r"\.keepfit/reports/tumour-1\.0\.0-\w+\.html", named)
    assert (wards.root / named).read_text() == wards.page("tumour@1.0.0")
    assert wards.keepfit("show", "tumour@1.0.0").splitlines()[-1].endswith("report tumour@1.0.0")


def test_json_goes_to_a_file_where_one_is_named(wards, tmp_path):
    file = tmp_path / "deep" / "report.json"
    assert wards.keepfit("report", "iris@latest", "--json", "--output", file) == ""
    assert json.loads(file.read_text()) == wards.facts("iris@latest")


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left(wards, tmp_path):
    (tmp_path / "file").write_text("here")
    wards.keepfit("report", "iris@latest", "--output", tmp_path / "file" / "x.html", code=4)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
