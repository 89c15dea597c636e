"""Where the project names signers, readers believe signatures and nothing else in the store."""

from functools import partial

import pytest

from keepfit.errors import NotApproved, UserError
from keepfit.lifecycle.open import open_reference
from keepfit.lifecycle.releasing.approve import approve, pending
from keepfit.lifecycle.releasing.promote import by_force
from keepfit.lifecycle.releasing.release import rollback
from keepfit.lifecycle.releasing.trust import approvals_of, trust_of
from keepfit.store import keys
from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry


@pytest.fixture
def signed(life, keyring):
    """The first ten months, two persons who must sign, and a version that waits for them."""
    keyring.signers = life.root / "allowed_signers"
    keyring.allow("bob", "cy", "di")
    life.change('name = "houses"', 'name = "houses"\nsigners = "allowed_signers"')
    life.add("[model.price.promote]\napprovers = 2")
    life.retrained()
    return life


def says_yes(life, signer, **how):
    request = pending(life.model, life.state, None)
    return approve(life.model, life.registry("x"), request, "it is good", signer=signer, **how)


def served(life):
    """What a new reader loads from production."""
    trust = partial(trust_of, life.project)
    asked = ("price@production", life.project.stages, life.root, trust)
    return open_reference(life.registry(), *asked).state.version


def test_two_signatures_open_the_stage_and_a_new_reader_checks_them(signed, keyring):
    assert says_yes(signed, keyring.signer("bob")).waits_for == 1
    assert says_yes(signed, keyring.signer("cy")).what == "promoted"
    assert served(signed).startswith("1.0.0-")
    promotion = signed.state.stages["production"]
    said = signed.registry().records("price", promotion.approvals)
    assert [event.actor for event in said] == ["bob", "cy"]
    assert promotion.actor == "cy"
    assert promotion.signature


def test_nothing_is_promoted_there_without_a_key(signed):
    records = signed.state.next
    newest = signed.state.newest
    for act in (
        lambda: signed.approve("bob"),
        lambda: by_force(signed.model, signed.registry(), newest, "production", "a fire"),
        lambda: rollback(signed.model, signed.registry(), "production", "a fire"),
    ):
        with pytest.raises(UserError, match="takes signed records only") as caught:
            act()
        assert "KEEPFIT_SIGNING_KEY" in caught.value.hint
    assert signed.state.next == records


def test_a_record_that_somebody_without_a_key_has_planted_is_not_loaded(signed, keyring):
    newest = signed.state.newest
    for how in ("gate", "approval", "force", "rollback"):
        held = signed.state.stages.get("production")
        expect = held.seq if held else None
        signed.registry("bob").promote(
            "price", newest.version, "production", expect=expect, how=how
        )
        with pytest.raises(NotApproved, match="nobody vouches for that") as caught:
            served(signed)
        assert "keepfit history price" in caught.value.hint
        with pytest.raises(NotApproved):
            signed.run(force=True)
    forced = by_force(
        signed.model, signed.registry(), newest, "production", "ours", signer=keyring.signer("di")
    )
    assert served(signed) == forced.version


def test_a_signature_that_the_file_no_longer_allows_is_void_at_once(signed, keyring):
    for name in ("bob", "cy"):
        says_yes(signed, keyring.signer(name))
    keyring.allow("bob", "di")
    with pytest.raises(NotApproved, match="is not one of cy"):
        served(signed)


def test_one_key_under_two_names_is_one_person_and_so_is_one_name_with_two_keys(signed, keyring):
    lines = [keyring.line("bob"), keyring.line("bob", "robert"), keyring.line("bob2", "bob")]
    keyring.signers.write_text("".join(lines))
    assert says_yes(signed, keyring.signer("bob")).waits_for == 1
    assert says_yes(signed, keyring.signer("bob", "robert")).waits_for == 1
    assert says_yes(signed, keyring.signer("bob2", "bob")).waits_for == 1
    assert "production" not in signed.stages


def test_four_eyes_look_at_the_name_of_the_key_and_at_that_of_the_account(signed, keyring):
    signed.change("approvers = 2", "four_eyes = true")
    keyring.signers.write_text(keyring.line("ana", "ana@acme.com") + keyring.line("bob"))
    with pytest.raises(NotApproved, match="ana has published"):
        says_yes(signed, keyring.signer("ana", "ana@acme.com"))
    request = pending(signed.model, signed.state, None)
    with pytest.raises(NotApproved, match="ana has published"):
        approve(signed.model, signed.registry("ana"), request, "", signer=keyring.signer("bob"))
    says_yes(signed, keyring.signer("bob"))
    assert served(signed)


def test_readers_ask_for_as_many_persons_as_the_file_does_now(signed, keyring):
    for name in ("bob", "cy"):
        says_yes(signed, keyring.signer(name))
    signed.change("approvers = 2", "approvers = 3")
    with pytest.raises(NotApproved, match="2 of 3 approvals"):
        served(signed)


def test_a_way_back_is_signed_too(signed, keyring):
    for name in ("bob", "cy"):
        says_yes(signed, keyring.signer(name))
    first = served(signed)
    signed.change("alpha = 0.1", "alpha = 0.2")
    signed.run()
    other = signed.state.newest
    assert other.version != first
    bob = keyring.signer("bob")
    by_force(signed.model, signed.registry(), other, "production", "a try", signer=bob)
    assert served(signed) == other.version
    rollback(signed.model, signed.registry(), "production", "it was worse", signer=bob)
    assert served(signed) == first


def test_what_is_planted_while_somebody_looks_is_not_loaded(signed, keyring):
    for name in ("bob", "cy"):
        says_yes(signed, keyring.signer(name))
    first = signed.state.stages["production"]
    signed.change("alpha = 0.1", "alpha = 0.2")
    signed.run()
    other = signed.state.newest.version

    class Slow(Registry):
        def retold(self, model):
            state = super().retold(model)
            held = state.stages["production"].seq
            signed.registry("eve").promote(model, other, "production", expect=held, how="approval")
            return state

    registry = Slow(LocalStore(signed.root / "store"), clock=lambda: signed.now, actor="x")
    trust = partial(trust_of, signed.project)
    asked = ("price@production", signed.project.stages, signed.root, trust)
    assert open_reference(registry, *asked).state.version == first.version != other


def test_a_lying_hint_is_not_believed(signed, keyring):
    for name in ("bob", "cy"):
        says_yes(signed, keyring.signer(name))
    true = served(signed)
    registry = signed.registry()
    registry.promote(
        "price", true, "production", expect=signed.state.stages["production"].seq, how="gate"
    )
    seq = signed.state.next - 1
    (signed.root / "store" / keys.record("price", seq)).unlink()  # only the hint tells of it now
    assert served(signed) == true


def test_what_vouches_for_a_stage_is_told_in_words(signed, keyring):
    for name in ("bob", "cy"):
        says_yes(signed, keyring.signer(name))
    trust, registry = trust_of(signed.project, "price"), signed.registry()

    def told():
        state = registry.retold("price")
        held = state.stages["production"]
        return list(approvals_of(trust, registry, state.versions[held.version], held))

    assert told() == [(True, "approved by bob, cy, signed: it is good")]
    newest = signed.state.newest
    by_force(signed.model, registry, newest, "production", "a fire", signer=keyring.signer("di"))
    assert told() == [(True, "forced past the gate by di, signed: a fire")]
    seq = signed.state.stages["production"].seq
    signed.registry("x").promote("price", newest.version, "production", expect=seq, how="approval")
    assert told() == [(False, "by x, and nobody has approved it")]


def test_a_project_without_signers_asks_for_no_signature(life):
    life.retrained()
    life.approve()
    assert life.state.stages["production"].signature == ""
    assert served(life).startswith("1.0.0-")
