"""How versions reach the stages: who must say yes, who may say no, and the way back."""

import pytest

from keepfit.errors import Conflict, Corrupt, KeepfitError, UserError
from keepfit.lifecycle.releasing.approve import pending, reject
from keepfit.lifecycle.releasing.release import back, point, rollback


@pytest.fixture
def improving(life):
    """A champion that the next change of alpha is sure to beat."""
    life.change("max = 20000", "max = 200000")
    life.change("alpha = 0.1", "alpha = 300.0")
    life.first_champion()
    return life


def better(life, old, new):
    life.change(f"alpha = {old}", f"alpha = {new}")
    result = life.retrained()
    assert result.judgement.verdict.outcome == "pass"
    return result.version


def test_the_same_person_twice_counts_once_where_two_must_agree(life):
    life.add("[model.price.promote]\napprovers = 2")
    life.retrained()
    assert life.approve("boss").waits_for == 1
    assert life.approve("boss").waits_for == 1
    assert "production" not in life.stages
    assert life.approve("chief").what == "promoted"
    assert life.stages["production"] == "1.0.0"


def test_what_was_approved_for_one_version_is_no_yes_to_the_next(improving):
    improving.add("[model.price.promote]\napprovers = 2")
    better(improving, "300.0", "30.0")
    assert improving.approve("boss").waits_for == 1
    better(improving, "30.0", "0.1")
    assert improving.approve("chief").waits_for == 1
    assert improving.stages["production"] == "1.0.0"


def test_a_yes_after_the_stage_has_moved_is_refused(improving):
    better(improving, "300.0", "30.0")
    request = pending(improving.model, improving.state, None)
    registry = improving.registry()
    state = improving.state
    other = state.stages["production"]
    point(registry, "price", other.version, "production", other, how="force", reason="a test")
    with pytest.raises(UserError, match=r"production points at 1\.0\.0.* since the question"):
        improving.approve()
    assert improving.stages["production"] == "1.0.0"
    assert request in improving.state.requests.values()


def test_a_no_closes_the_question(improving):
    version = better(improving, "300.0", "30.0")
    done = reject(
        improving.model,
        improving.registry("boss"),
        pending(improving.model, improving.state, None),
        "not before the holidays",
    )
    assert (done.what, done.version) == ("refused", version)
    assert improving.stages["production"] == "1.0.0"
    with pytest.raises(UserError, match="nothing waits for an answer"):
        improving.approve()
    assert improving.state.rejections[-1].reason == "not before the holidays"


def test_the_second_of_two_promotions_loses(improving):
    version = better(improving, "300.0", "30.0")
    held = improving.state.stages["production"]
    one, other = improving.registry("one"), improving.registry("other")
    point(one, "price", version, "production", held, how="force", reason="I was first")
    with pytest.raises(Conflict, match="production of price was moved") as caught:
        point(other, "price", version, "production", held, how="force", reason="so was I")
    assert "look at `keepfit history`" in caught.value.hint
    assert improving.state.stages["production"].actor == "one"


def test_a_rollback_leads_to_what_the_stage_held_before_and_on_from_there(improving):
    better(improving, "300.0", "30.0")
    improving.approve()
    better(improving, "30.0", "0.1")
    improving.approve()
    assert improving.stages["production"] == "1.2.0"
    for number in ("1.1.0", "1.0.0"):
        done = rollback(improving.model, improving.registry(), "production", "it misbehaves")
        assert (done.what, done.version.split("-")[0]) == ("promoted", number)
        assert improving.stages["production"] == number
    assert improving.state.stages["production"].how == "rollback"
    with pytest.raises(UserError, match="nothing to go back to"):
        back(improving.model, improving.registry(), "production")


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"!"])
def test_a_rollback_to_a_damaged_version_is_refused_and_the_stage_stays(improving, damage):
    better(improving, "300.0", "30.0")
    improving.approve()
    (file,) = improving.root.glob("store/**/1.0.0-*/*/model/*")
    file.chmod(0o644)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(Corrupt):
        rollback(improving.model, improving.registry(), "production", "")
    assert improving.stages["production"] == "1.1.0"


def test_no_stage_is_invented(life):
    life.first_champion()
    with pytest.raises(KeepfitError, match=r"there is no stage `prodution`\. Did you mean"):
        back(life.model, life.registry(), "prodution")


def test_stages_that_the_project_names_are_walked_in_its_order(life):
    life.change('name = "houses"', 'name = "houses"\nstages = ["shadow", "live"]')
    life.add('[model.price.promote]\nshadow = "auto"\nlive = "approval"')
    assert [(s.stage, s.what) for s in life.retrained().releases] == [
        ("shadow", "promoted"),
        ("live", "asked"),
    ]
    life.approve()
    assert life.stages == {"shadow": "1.0.0", "live": "1.0.0"}
