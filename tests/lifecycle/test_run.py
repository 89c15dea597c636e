"""The life of a model, from nothing to the second champion."""

import pytest

from keepfit.errors import DataRefused


def steps(result):
    return [(step.stage, step.what) for step in result.releases]


def test_the_first_run_publishes_and_asks_for_production(life):
    result = life.retrained()
    assert result.version.startswith("1.0.0-x")
    assert steps(result) == [
        ("development", "promoted"),
        ("staging", "promoted"),
        ("production", "asked"),
    ]
    assert life.stages == {"development": "1.0.0", "staging": "1.0.0"}


def test_a_persons_yes_moves_production(life):
    life.retrained()
    done = life.approve()
    assert (done.stage, done.what, done.was) == ("production", "promoted", None)
    assert life.stages["production"] == "1.0.0"
    assert life.state.stages["production"].how == "approval"


def test_nothing_is_trained_where_nothing_is_due(life):
    life.first_champion()
    before = life.tree()
    done = life.run()
    assert (done.plan.status, done.result) == ("fresh", None)
    assert life.tree() == before


def test_new_rows_make_the_next_patch_which_is_held_against_the_champion(life):
    first = life.first_champion()
    life.months(11, 12)
    second = life.retrained()
    assert second.version.startswith("1.0.1-x")
    evidence = second.judgement.evidence
    assert evidence.champion.version == first.version
    assert evidence.rows == 69
    assert evidence.split.cut == "2024-11-01T00:00:00"


def test_what_comes_out_the_same_is_refused_once_and_moves_no_stage(life):
    first = life.first_champion()
    life.change("price > 1000", "price > 2000")  # removes the same rows
    same = life.retrained()
    assert (same.version[:5], same.judgement.verdict.outcome) == ("1.1.0", "fail")
    assert "this is the champion" in same.judgement.verdict.why
    assert {held.version for held in life.state.stages.values()} == {first.version}
    assert life.plan().status == "fresh"


def test_a_new_target_is_judged_by_the_absolute_rules_for_nothing_compares_with_it(life):
    life.first_champion()
    life.change('target   = "price"', 'target   = "area_m2"')
    life.change('["area_m2", ', "[")
    life.change("max = 20000", "max = 20")
    new = life.retrained()
    evidence = new.judgement.evidence
    assert (evidence.champion, evidence.comparison) == (None, None)
    assert evidence.scores[0].challenger < 20
    # Nothing was compared, so a person decides, even where the stage is automatic.
    assert new.judgement.verdict.outcome == "warn"
    assert "another target" in new.judgement.verdict.why
    assert [step.what for step in new.releases] == ["asked"]


def test_a_challenger_that_takes_rows_from_the_exam_waits_for_a_person(life):
    first = life.first_champion()
    life.months(11)
    life.change("price > 1000", "price > 200000")
    (told,) = (
        finding.message
        for finding in life.retrained().judgement.evidence.findings
        if finding.check == "clean"
    )
    assert told.startswith(f"the clean rule `a-price-not-a-typo` is not as in {first.version}:")
    assert life.stages["production"] == first.version.split("-")[0]


def test_a_challenger_that_is_cleaned_as_its_champion_was_takes_no_rows_from_the_exam(life):
    life.first_champion()
    life.months(11)
    life.change("clean  =", 'transform = "features:same"\nclean  =')
    (life.root / "features.py").write_text("def same(rows):\n    return rows\n")
    found = life.retrained().judgement.evidence.findings
    assert "clean" not in {finding.check for finding in found}


def test_the_champion_reads_its_columns_as_it_learned_to(life):
    first = life.first_champion()
    life.add('[model.price.checks]\nschema = "note"')
    life.change('sold_on = "date"', 'sold_on = "date", rooms = "text"')
    evidence = life.retrained().judgement.evidence
    before = {score.metric: score.challenger for score in first.judgement.evidence.scores}
    assert {score.metric: score.champion for score in evidence.scores} == before


def test_the_step_can_be_said_by_hand(life):
    life.first_champion()
    life.months(11)
    assert life.retrained(bump="major").version.startswith("2.0.0-x")


def test_a_run_as_of_a_past_day_sees_no_row_of_that_day_or_later(life):
    from datetime import UTC, datetime

    result = life.retrained(as_of=datetime(2024, 8, 1, tzinfo=UTC))
    manifest = life.registry().manifest("price", result.version)
    snapshot = manifest.recipe.snapshot
    assert (snapshot.until, snapshot.time_to) == ("2024-08-01T00:00:00", "2024-07-31T00:00:00")
    assert result.judgement.evidence.split.cut == "2024-06-01T00:00:00"
    assert life.plan().status == "due"


def test_a_run_that_fails_leaves_no_version_and_names_the_rows_to_blame(life):
    life.add("[model.price.checks]\nranges = { area_m2 = [0, 100] }")
    with pytest.raises(DataRefused, match="`area_m2` is outside 0 to 100") as caught:
        life.run()
    assert caught.value.hint == "the rows are in .keepfit/price.bad.csv"
    blamed = (life.root / ".keepfit" / "price.bad.csv").read_text().splitlines()
    assert all(int(line.split(",")[2]) > 100 for line in blamed[1:])
    assert not life.state.claims


def test_one_model_that_fails_does_not_stop_the_others(life):
    from keepfit.lifecycle.model import models_of
    from keepfit.lifecycle.run import How, run

    other = (life.root / "keepfit.toml").read_text().split("[model.price]")[1]
    table = "[model.price]" + other
    life.add(table.replace("model.price", "model.other").replace("houses-*", "nowhere-*"))
    first, second = run(models_of(life.project, ("other", "price")), life.ports(), How())
    assert "no file matches data/nowhere-*.csv" in str(first.error)
    assert second.result.version.startswith("1.0.0")
