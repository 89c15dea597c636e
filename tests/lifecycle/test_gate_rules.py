"""Rules that name a version, a season or a condition, from the file to the verdict."""

import pytest

from keepfit.errors import UserError
from keepfit.lifecycle.check import check_model
from keepfit.store.keys import version_folder

RULE = '{ metric = "mae", max = 20000 }'


@pytest.fixture
def champion(life):
    life.first_champion()
    return life


def held_against(life, version, bound="max_drop = 5000"):
    life.change(RULE, f'{{ metric = "mae", {bound}, against = "{version}" }}')


def reason(verdict, start):
    (found,) = [reason for reason in verdict.reasons if reason.rule.startswith(start)]
    return found


def test_a_pinned_version_is_opened_and_scored_on_the_same_rows(champion):
    held_against(champion, "1.0.0")
    champion.months(11, 12)
    judgement = champion.retrained().judgement
    (found,) = judgement.evidence.rules
    assert found.side == champion.open("1.0.0").side
    assert found.other == judgement.evidence.scores[0].champion
    assert (found.rows, found.learned) == (judgement.evidence.rows, 0)
    assert reason(judgement.verdict, "mae drops by <= 5,000 against 1.0.0").outcome == "pass"


def test_rows_that_the_pinned_version_has_learned_from_are_left_out_of_its_rule_alone(champion):
    held_against(champion, "1.0.0", bound="max_drop = 100000")
    champion.change('"2 months"', "0.4")
    evidence = champion.retrained().judgement.evidence
    # The champion is that version, too, so that its rows are out of the comparison altogether.
    assert evidence.rules[0].learned == 0
    assert evidence.rules[0].rows == evidence.rows


def test_a_version_that_slid_a_little_each_time_is_told_from_the_first(champion):
    champion.change(RULE, '{ metric = "mae", max_drop = 0, against = "1.0.0" }')
    champion.months(11, 12)
    champion.change("alpha = 0.1", "alpha = 1000")
    verdict = champion.retrained().judgement.verdict
    found = reason(verdict, "mae drops by <= 0 against 1.0.0")
    assert found.outcome == "fail"
    assert "of 1.0.0: worse by" in found.text


def test_a_version_that_was_never_there_fails_the_rule_and_says_so(life):
    held_against(life, "9.9.9")
    found = reason(life.retrained().judgement.verdict, "mae drops by <= 5,000 against 9.9.9")
    assert found.outcome == "fail"
    assert found.text.startswith("mae against 9.9.9 is missing: ")


def test_a_version_whose_files_are_damaged_fails_the_rule_and_says_so(champion):
    champion.months(11)
    second = champion.retrained().version
    held_against(champion, second.partition("-")[0])
    held = champion.state.versions[second]
    (file,) = champion.root.joinpath("store", version_folder("price", second, held.attempt)).glob(
        "model/*.json"
    )
    file.write_bytes(file.read_bytes() + b" ")
    champion.months(12)
    found = reason(champion.retrained().judgement.verdict, "mae drops by")
    assert found.outcome == "fail"
    assert "is missing: " in found.text


def test_collection_keeps_what_a_rule_names(champion):
    from keepfit.config.schema.release import Keep
    from keepfit.lifecycle.collect import Rules, survey

    for month in (11, 12):
        champion.months(month)
        champion.retrained()
    keep = Keep(versions=0, days=0)
    champion.wait(days=100)

    def kept(against):
        found = survey(champion.registry(), "price", Rules(keep, None, against))
        return {row.version[:5]: row.why for row in found.kept}

    names = [row.version for row in champion.state.versions.recent.values()]
    middle = max(names)
    assert kept((middle[:5],))[middle[:5]] == "a rule of the gate is held against it"
    assert kept((middle,))[middle[:5]] == "a rule of the gate is held against it"
    assert "a rule" not in str(kept(()))


def test_the_baseline_can_be_what_was_a_season_ago(life):
    life.change(RULE, '{ metric = "mae", min_gain = 1000, against = "baseline" }')
    constant = life.retrained().judgement.evidence
    life.change('metric = "mae"\n', 'metric = "mae"\nbaseline = { seasonal = "7 days" }\n')
    life.change("alpha = 0.1", "alpha = 0.2")
    evidence = life.retrained().judgement.evidence
    assert evidence.baseline == "seasonal, 7 days"
    assert constant.baseline is None
    assert evidence.rules[0].other == evidence.scores[0].baseline
    assert evidence.rules[0].other != constant.rules[0].other


def test_a_condition_is_a_slice_and_its_loss_fails(champion):
    champion.change('metric = "mae"\n', 'metric = "mae"\nslices = ["area_m2 > 60"]\n')
    champion.change("max = 20000", "max = 2000000")
    champion.months(11, 12)
    champion.change("alpha = 0.1", "alpha = 100000")
    judgement = champion.retrained().judgement
    (part,) = judgement.evidence.slices
    assert part.condition
    assert 0 < part.rows < judgement.evidence.rows
    found = reason(judgement.verdict, "slice area_m2 > 60")
    assert found.outcome == "fail"
    assert found.text.startswith("area_m2 > 60: worse by ")


@pytest.mark.parametrize(
    ("line", "key", "told"),
    [
        (
            'slices = ["distric"]',
            "gate.slices[0]",
            "is `distric`, which is no column of the rows. Did you mean `district`?",
        ),
        (
            'slices = ["rooms", "area > 60"]',
            "gate.slices[1]",
            'is "area > 60", but there is no column `area`.',
        ),
        (
            'slices = ["rooms >"]',
            "gate.slices[0]",
            'is "rooms >", which is neither a column nor a condition: ',
        ),
        (
            'cluster = ["distrikt"]',
            "gate.cluster[0]",
            "is `distrikt`, which is no column of the rows. Did you mean `district`?",
        ),
        (
            'baseline = { seasonal = "7 days", by = ["stor"] }',
            "gate.baseline.by[0]",
            "is `stor`, which is no column of the rows.",
        ),
    ],
)
def test_check_finds_names_that_the_rows_do_not_have(line, key, told, life):
    life.change('metric = "mae"\n', f'metric = "mae"\n{line}\n')
    (problem,) = check_model(life.project, "price")
    assert problem.key == f"model.price.{key}"
    assert problem.message.startswith(told)
    with pytest.raises(UserError):
        life.retrained()


def test_a_condition_that_gives_a_number_is_refused_before_anything_is_trained(life):
    life.change('metric = "mae"\n', 'metric = "mae"\nslices = ["rooms * 2"]\n')
    with pytest.raises(UserError, match=r"gate.slices\[0\] is \"rooms \* 2\", which gives Int64"):
        life.retrained()
    assert not life.state.claims


def test_a_season_without_times_is_told_by_check(life):
    life.change('metric = "mae"\n', 'metric = "mae"\nbaseline = { seasonal = "7 days" }\n')
    life.change('time   = "sold_on"\n', "")
    life.change('holdout = "2 months"', "holdout = 0.2")
    (problem,) = check_model(life.project, "price")
    assert (problem.key, problem.message) == (
        "model.price.gate.baseline",
        "is seasonal; expected data.time beside it",
    )


def test_customers_with_many_rows_widen_the_interval(champion):
    champion.change("max = 20000", "max = 200000")
    champion.change("alpha = 0.1", "alpha = 30")
    champion.change('metric = "mae"\n', 'metric = "mae"\ncluster = ["district"]\n')
    champion.months(11, 12)
    comparison = champion.retrained().judgement.evidence.comparison
    assert comparison.unit == "cluster"
    assert "clusters" in comparison.method
    assert "Diebold-Mariano" in comparison.method
