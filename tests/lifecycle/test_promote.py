"""Promotion by hand: through the gate against what is there now, or past it and marked."""

import pytest

from keepfit.errors import Conflict, GateFailed, UserError
from keepfit.lifecycle.releasing.promote import by_force, by_gate


@pytest.fixture
def three(life):
    """1.0.0 is bad, 1.1.0 better, 1.2.0 best; 1.2.0 is in production, the others were judged."""
    life.change("max = 20000", "max = 200000")
    life.change("alpha = 0.1", "alpha = 300.0")
    life.first_champion()
    for old, new in (("300.0", "30.0"), ("30.0", "0.1")):
        life.change(f"alpha = {old}", f"alpha = {new}")
        life.retrained()
    life.approve()
    assert life.stages["production"] == "1.2.0"
    return life


def version(life, number):
    return next(v for v in life.state.versions.values() if v.version.startswith(f"{number}-"))


def promote(life, number, stage="production", reason=""):
    return by_gate(life.model, life.ports(), version(life, number), stage, reason)


def test_a_version_is_judged_again_against_what_the_stage_holds_now(three):
    before = version(three, "1.1.0")
    assert before.verdicts[-1].outcome == "pass"
    with pytest.raises(GateFailed, match=r"1\.1\.0-\w+ was not promoted: mae ") as caught:
        promote(three, "1.1.0")
    assert "--force" in caught.value.hint
    after = version(three, "1.1.0")
    assert after.verdicts[-1].against == version(three, "1.2.0").version
    assert after.verdicts[-1].outcome == "fail"
    assert after.evidence != before.evidence
    evidence = three.judgement(after.version).evidence
    assert evidence.champion.version == after.verdicts[-1].against
    assert evidence.challenger.version == after.version
    assert three.stages["production"] == "1.2.0"


def test_what_the_gate_lets_pass_moves_the_stage_or_asks(three):
    by_force(three.model, three.registry(), version(three, "1.0.0"), "staging", "to try it")
    assert promote(three, "1.2.0", "staging").what == "promoted"
    assert three.stages["staging"] == "1.2.0"
    by_force(three.model, three.registry(), version(three, "1.0.0"), "production", "to try it")
    done = promote(three, "1.2.0")
    assert (done.what, done.waits_for) == ("asked", 1)
    three.approve()
    assert three.stages["production"] == "1.2.0"


def test_evidence_against_the_present_champion_is_not_gathered_twice(three):
    with pytest.raises(GateFailed):
        promote(three, "1.1.0")
    records = three.state.next
    with pytest.raises(GateFailed):
        promote(three, "1.1.0")
    assert three.state.next == records


def test_force_passes_the_gate_and_is_marked_for_ever(three):
    by_force(three.model, three.registry("boss"), version(three, "1.1.0"), "production", "a demo")
    held = three.state.stages["production"]
    assert (held.how, held.reason, held.actor) == ("force", "a demo", "boss")
    assert three.stages["production"] == "1.1.0"


def test_what_is_there_already_is_not_promoted_again(three):
    with pytest.raises(UserError, match=r"production points at 1\.2\.0"):
        promote(three, "1.2.0")


def test_who_reads_the_stage_too_early_loses(three):
    from keepfit.lifecycle.releasing.release import point

    held = three.state.stages["production"]
    by_force(three.model, three.registry(), version(three, "1.1.0"), "production", "quick")
    with pytest.raises(Conflict):
        point(
            three.registry(),
            "price",
            version(three, "1.0.0").version,
            "production",
            held,
            how="gate",
        )
    assert three.stages["production"] == "1.1.0"
