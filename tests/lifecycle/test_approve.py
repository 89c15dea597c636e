"""A person's yes: to which evidence, by whom, for how long; and what makes it void."""

import pytest

from keepfit.digest import canonical
from keepfit.errors import NotApproved, UserError
from keepfit.lifecycle.judging.compare import judge_again
from keepfit.lifecycle.releasing.approve import approve, pending, reject
from keepfit.lifecycle.releasing.promote import by_force
from keepfit.lifecycle.releasing.trust import same_person


def asked(life, promote=""):
    """A version that waits for an answer, where `[promote]` says this."""
    if promote:
        life.add(f"[model.price.promote]\n{promote}")
    life.retrained()
    return pending(life.model, life.state, None)


def promoted(life):
    return life.state.stages["production"]


def test_a_yes_holds_the_evidence_and_the_promotion_names_the_yes(life):
    request = asked(life)
    life.approve("boss", "looks right")
    [approval] = life.registry().records("price", promoted(life).approvals)
    assert (approval.actor, approval.reason) == ("boss", "looks right")
    assert approval.evidence == request.evidence == life.state.newest.evidence


def test_a_request_that_nobody_answers_in_time_is_over(life):
    asked(life, 'valid_for = "14 days"')
    life.wait(days=13)
    assert pending(life.model, life.state, None).expires.startswith("2025-01-15")
    life.wait(days=1)
    with pytest.raises(NotApproved, match=r"asked 2025-01-01T00:00, has expired") as caught:
        life.approve()
    assert "keepfit promote price@" in caught.value.hint
    assert "production" not in life.stages


def test_a_file_that_asks_for_haste_later_binds_requests_of_before(life):
    asked(life)
    life.wait(days=3)
    life.add('[model.price.promote]\nvalid_for = "2 days"')
    with pytest.raises(NotApproved, match="has expired"):
        life.approve()


def test_a_yes_that_has_expired_does_not_count_beside_a_fresh_one(life):
    request = asked(life, "approvers = 2")
    until = life.now.replace(day=3)
    approve(life.model, life.registry("boss"), request, "", expires=until)
    life.wait(days=2)
    assert life.approve("chief").waits_for == 1
    assert life.approve("boss").what == "promoted"


def test_a_yes_counts_no_longer_than_the_file_lets_it(life):
    request = asked(life, 'approvers = 2\nvalid_for = "1 week"')
    approve(life.model, life.registry("a"), request, "", expires=life.now.replace(month=6))
    approve(life.model, life.registry("b"), request, "", expires=life.now.replace(day=2))
    [promotion] = life.state.past["production"]
    ends = [a.expires[:10] for a in life.registry().records("price", promotion.approvals)]
    assert ends == ["2025-01-08", "2025-01-02"]


def test_a_yes_until_a_time_that_is_past_is_a_slip(life):
    request = asked(life)
    with pytest.raises(UserError, match="is past"):
        approve(life.model, life.registry("boss"), request, "", expires=life.now)


@pytest.mark.parametrize("author", ["ana", "Ana", "ana@acme.com"])
def test_who_published_a_version_does_not_approve_it_where_four_eyes_are_asked_for(life, author):
    asked(life, "four_eyes = true")  # published by ana
    records = life.state.next
    with pytest.raises(NotApproved, match=r"ana has published 1\.0\.0-.*somebody else"):
        life.approve(author)
    assert life.state.next == records
    assert life.approve("boss").what == "promoted"


def test_names_of_different_persons_are_told_apart():
    assert same_person("ana", "ana@acme.com")
    assert not same_person("ana", "anabel@acme.com")
    assert not same_person("ana@acme.com", "ana@other.com")


def test_new_evidence_makes_the_question_and_every_yes_void(life):
    request = asked(life, "approvers = 2")
    life.approve("boss")
    life.change("max = 20000", "max = 30000")
    version = life.state.newest
    judgement = judge_again(life.model, life.ports(), version, None)
    life.registry().judged(
        "price",
        version=version.version,
        evidence=life.registry().keep_evidence("price", canonical(judgement)),
        outcome="pass",
    )
    with pytest.raises(UserError, match="was judged again since the question was asked"):
        approve(life.model, life.registry("chief"), request, "")
    assert "production" not in life.stages


def test_a_yes_from_before_the_stage_moved_does_not_count_after_it(life):
    life.add("[model.price.promote]\napprovers = 2")
    request = asked(life)
    life.approve("boss")
    newest = life.state.newest
    by_force(life.model, life.registry(), newest, "production", "a fire")
    registry = life.registry()
    registry.request(
        "price",
        newest.version,
        "production",
        evidence=request.evidence,
        expect=promoted(life).seq,
    )
    assert life.approve("chief").waits_for == 1


@pytest.mark.parametrize("reason", ["", " \t"])
def test_a_no_and_a_promotion_by_force_need_a_reason(life, reason):
    request = asked(life)
    with pytest.raises(UserError, match="with its reason"):
        reject(life.model, life.registry(), request, reason)
    with pytest.raises(UserError, match="--force passes over the gate"):
        by_force(life.model, life.registry(), life.state.newest, "production", reason)
