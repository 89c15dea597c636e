"""Champion and challenger on the same rows: what is measured, stored and decided."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl
import pytest

from keepfit.digest import canonical
from keepfit.errors import NotComparable
from keepfit.lifecycle.judging.compare import compare, judge_again
from keepfit.lifecycle.judging.judgement import Judgement


@pytest.fixture
def champion(life):
    life.first_champion()
    return life


def retrain_badly(life):
    """A challenger that hardly learns anything."""
    life.months(11, 12)
    life.change("alpha = 0.1", "alpha = 100000")
    life.change("max = 20000", "max = 200000")
    return life.retrained()


def scores_of(judgement):
    return {score.metric: score for score in judgement.evidence.scores}


def reason(verdict, rule):
    (found,) = [reason for reason in verdict.reasons if reason.rule == rule]
    return found


def test_a_worse_challenger_is_refused_and_no_stage_moves(champion):
    before = champion.stages
    result = retrain_badly(champion)
    assert result.judgement.verdict.outcome == "fail"
    assert reason(result.judgement.verdict, "gain").text.startswith("mae ")
    assert [(step.stage, step.what) for step in result.releases] == [("development", "refused")]
    assert champion.stages == before
    assert not champion.state.requests


def test_both_sides_are_scored_on_the_same_rows(champion):
    evidence = retrain_badly(champion).judgement.evidence
    files = sorted((champion.root / "data").glob("*1[12].csv"))
    rows = pl.concat(pl.read_csv(file, try_parse_dates=True) for file in files)
    assert evidence.rows == rows.height == 69
    for side in ("champion", "challenger"):
        said = champion.open(getattr(evidence, side).version.split("-")[0]).predictor.predict(rows)
        error = (said.values - rows["price"]).abs().mean()
        assert getattr(evidence.scores[0], side) == pytest.approx(error, rel=1e-12)


def test_the_evidence_is_stored_with_the_version_and_is_what_was_decided_on(champion):
    result = retrain_badly(champion)
    files = champion.registry().files("price", result.version)
    stored = msgspec.json.decode(files["evidence.json"], type=Judgement)
    assert stored == result.judgement
    assert stored.evidence.challenger.version == result.version
    last = champion.state.versions[result.version].verdicts[-1]
    assert (last.outcome, last.why) == ("fail", stored.verdict.why)
    assert last.against == stored.evidence.champion.version


def test_the_junit_file_says_what_the_verdict_says(champion):
    result = retrain_badly(champion)
    suite = ET.fromstring(champion.registry().files("price", result.version)["junit.xml"])
    verdict = result.judgement.verdict
    assert suite.get("name") == f"price {result.version}"
    assert [case.get("name") for case in suite.iter("testcase")] == [
        reason.rule for reason in verdict.reasons
    ]
    failed = [
        case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None
    ]
    assert failed == [r.rule for r in verdict.reasons if r.outcome == "fail"] != []


def test_holdout_rows_that_the_champion_has_learned_from_are_left_out_and_told(champion):
    champion.change('"2 months"', "0.4")
    champion.change("alpha = 0.1", "alpha = 0.2")
    evidence = champion.retrained().judgement.evidence
    assert evidence.overlap.challenger == 0
    assert 0 < evidence.overlap.champion == evidence.overlap.trimmed
    assert evidence.rows == evidence.split.holdout - evidence.overlap.trimmed
    learned = set(champion.open("production").keys.tolist())
    assert evidence.overlap.champion < len(learned)


def test_where_no_row_is_left_to_judge_on_nothing_is_decided(champion):
    with pytest.raises(NotComparable, match="none is left to judge on") as caught:
        champion.run(as_of=datetime(2024, 7, 1, tzinfo=UTC))
    assert caught.value.hint == "wait for newer rows, or make the holdout larger"
    assert len(champion.state.claims) == 1


def test_a_metric_of_the_projects_own_decides(life):
    life.change('metric = "mae"\nrules', 'metric = "worst"\nrules')
    life.add('[model.price.metric.worst]\nfunction = "measures:worst"\nbetter = "lower"')
    life.code("measures", "def worst(truth, said):\n    return abs(truth - said).max()\n")
    first = life.first_champion()
    rows = pl.concat(
        pl.read_csv(life.root / "data" / f"houses-2024-{month}.csv") for month in ("09", "10")
    )
    said = life.open("production").predictor.predict(rows).values
    expected = np.abs(said.to_numpy() - rows["price"].to_numpy()).max()
    assert scores_of(first.judgement)["worst"].challenger == pytest.approx(expected, rel=1e-12)
    assert first.judgement.evidence.metric == "worst"
    life.months(11)
    assert life.retrained().judgement.evidence.comparison.metric == "worst"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("return float('nan')", "worst gave nan; expected a finite number (measures.py:1)"),
        ("return 1 / 0", "worst raised ZeroDivisionError: division by zero (measures.py:2)"),
    ],
)
def test_a_metric_that_cannot_be_computed_fails(life, code, why):
    life.change('metric = "mae"\nrules', 'metric = "mae"\nmetrics = ["worst"]\nrules')
    life.add('[model.price.metric.worst]\nfunction = "measures:worst"\nbetter = "lower"')
    life.code("measures", f"def worst(truth, said):\n    {code}\n")
    result = life.retrained()
    assert result.judgement.verdict.outcome == "fail"
    assert why in reason(result.judgement.verdict, "worst is measured").text
    assert life.stages == {}


def test_no_slice_may_get_worse_however_good_the_rest(champion):
    champion.change('metric = "mae"\nrules', 'metric = "mae"\nslices = ["district"]\nrules')

    def hills_are_mistaken(lines):
        return [
            line + "0" if ",hills," in line and not line.endswith(",1") else line for line in lines
        ]

    # In all that is trained on, prices in the hills have a digit too many; in the holdout not.
    champion.months(*range(1, 11), change=hills_are_mistaken)
    champion.months(11, 12)
    champion.change("max = 20000", "max = 2000000")
    verdict = champion.retrained().judgement.verdict
    assert verdict.outcome == "fail"
    assert reason(verdict, "slice district").text.startswith("district: ")
    assert "hills" in reason(verdict, "slice district").text


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ('{ metric = "mae", max = 100 }', "fail"),
        ('{ metric = "r2", min = 0.5 }', "pass"),
        ('{ metric = "r2", min = 0.999, severity = "warn" }', "warn"),
        ('{ metric = "mae", min_gain = 50000, against = "baseline" }', "pass"),
        ('{ metric = "mae", min_gain = 500000, against = "baseline" }', "fail"),
        ('{ metric = "rmse", max = 100, severity = "note" }', "pass"),
    ],
)
def test_the_rules_of_the_file_bind(life, rule, outcome):
    life.change('{ metric = "mae", max = 20000 }', rule)
    assert life.retrained().judgement.verdict.outcome == outcome


@pytest.mark.parametrize(("most", "outcome"), [(0.001, "fail"), (2.0, "pass")])
def test_a_drop_is_measured_against_the_champion(champion, most, outcome):
    champion.change("max = 20000", "max = 200000")
    champion.change("}]", f'}}, {{ metric = "r2", max_drop = {most} }}]')
    champion.months(11, 12)
    champion.change("alpha = 0.1", "alpha = 1000")
    verdict = champion.retrained().judgement.verdict
    (found,) = [r for r in verdict.reasons if r.rule.startswith("r2")]
    assert found.outcome == outcome


def test_a_warning_asks_a_person_even_where_stages_move_by_themselves(life):
    life.change("max = 20000 }", 'max = 100, severity = "warn" }')
    result = life.retrained()
    assert [(step.stage, step.what) for step in result.releases] == [("development", "asked")]
    assert life.stages == {}
    life.approve()
    assert life.stages == {"development": "1.0.0"}


def test_every_comparison_has_a_certificate_that_names_both_sides_and_their_rows(champion):
    evidence = retrain_badly(champion).judgement.evidence
    made, split = evidence.certificate, evidence.split
    assert (made.rows, made.offered, made.trimmed, made.used) == (69, 69, 0, 0)
    assert made.challenger.digest == evidence.challenger.digest != made.champion.digest
    assert made.challenger.fingerprint == split.train_digest
    assert (made.challenger.seen, made.challenger.answers) == (split.train, 69)
    first = champion.open("1.0.0")
    assert made.champion.seen == len(first.keys)
    assert made.champion.fingerprint == first.manifest.candidate.split.train_digest


def test_too_much_overlap_is_refused_by_rule(champion):
    champion.change('"2 months"', "0.4")
    champion.change("alpha = 0.1", "alpha = 0.2")
    judgement = champion.retrained().judgement
    assert judgement.verdict.outcome == "fail"
    assert (
        "may be left out (gate.max_overlap)" in reason(judgement.verdict, "honest comparison").text
    )


def test_a_holdout_that_judges_again_is_counted(champion):
    champion.months(11, 12)
    uses = []
    for alpha in (0.2, 0.3):
        text = (champion.root / "keepfit.toml").read_text()
        (champion.root / "keepfit.toml").write_text(
            re.sub(r"alpha = \S+", f"alpha = {alpha}", text)
        )
        uses.append(champion.retrained().judgement.evidence.certificate.used)
    assert uses == [0, 1]


def test_a_challenger_that_was_tuned_on_the_holdout_is_refused(champion):
    champion.change('holdout = "2 months"', 'holdout = "2 months"\nvalidation = "2 months"')
    champion.change("alpha = 0.1", "alpha = 0.2")
    champion.months(11, 12)
    version = champion.retrained()
    files = champion.registry().files("price", version.version)
    assert {"rows.u64", "validation.u64"} < set(files)
    made = version.judgement.evidence.certificate
    assert (made.challenger.learned, made.challenger.validated) == (0, 0)
    rows = pl.read_csv(champion.root / "data" / "houses-2024-10.csv", try_parse_dates=True)
    mixed = pl.concat([rows.head(9), rows.with_columns(pl.col("house_id") + 5000)])
    mixed.write_parquet(champion.root / "mixed.parquet")  # nine rows that it was tuned on
    sides = champion.open("latest"), champion.open("production")
    found = compare(champion.model, champion.ports(), *sides, champion.root / "mixed.parquet")
    assert found.judgement.evidence.certificate.challenger.validated == 9
    said = reason(found.judgement.verdict, "honest comparison")
    assert said.outcome == "fail"
    assert "9 holdout rows stopped or tuned the challenger" in said.text


def test_how_a_version_may_be_served_is_part_of_its_evidence(champion):
    (served,) = champion.judgement().evidence.compiled
    assert (served.path, served.agreed, served.deviation) == ("rows", True, 0.0)
    assert served.rows == champion.judgement().evidence.rows
    again = judge_again(champion.model, champion.ports(), champion.state.newest, None)
    assert again.evidence.compiled == (served,)


def test_a_model_that_needs_derived_columns_has_no_faster_way(life):
    life.change("[model.price.split]", 'derive = { rooms = "rooms * 1.0" }\n\n[model.price.split]')
    assert life.retrained().judgement.evidence.compiled == ()


def test_evidence_of_a_release_without_faster_ways_has_none(champion):
    stored = msgspec.json.decode(canonical(champion.judgement()))
    del stored["evidence"]["compiled"]
    assert msgspec.convert(stored, Judgement).evidence.compiled == ()
