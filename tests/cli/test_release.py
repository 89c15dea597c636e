import json
import subprocess

import pytest


@pytest.fixture
def approved(trained):
    assert trained.keepfit("approve", "fare", "--yes", "--reason", "looks fine").code == 0
    return trained


def stages(project):
    return {s: p.version[:5] for s, p in project.registry().state("fare").stages.items()}


def test_approve_shows_the_evidence_and_moves_the_stage(trained, call):
    said = call(trained, "approve", "fare", "--yes")
    assert said.code == 0
    assert "On 41 holdout rows:" in said.out
    assert "✓ fare@production is 1.0.0-x" in said.out
    assert stages(trained)["production"] == "1.0.0"


def test_there_is_nothing_to_approve_twice(approved, call):
    call(approved, "approve", "fare", "--yes").refuses(
        2, "fare: nothing waits for an answer", "keepfit history fare"
    )


def test_two_persons_are_counted_as_the_file_asks(trained, call):
    text = trained.file("keepfit.toml").read_text()
    trained.file("keepfit.toml").write_text(text + "\n[model.fare.promote]\napprovers = 2\n")
    first = call(trained, "approve", "fare", "--yes", KEEPFIT_ACTOR="ana")
    assert "waits for 1 person at production" in first.out
    again = call(trained, "approve", "fare", "--yes", KEEPFIT_ACTOR="ana")
    assert "waits for 1 person at production" in again.out
    assert "production" not in stages(trained)
    call(trained, "approve", "fare", "--yes", KEEPFIT_ACTOR="bob")
    assert stages(trained)["production"] == "1.0.0"


def test_reject_needs_a_reason_and_closes_the_question(trained, call):
    call(trained, "reject", "fare").refuses(2, "--reason")
    said = call(trained, "reject", "fare", "--reason", "the holidays")
    assert "✗ fare 1.0.0-x" in said.out
    assert "stays out of production" in said.out
    call(trained, "approve", "fare", "--yes").refuses(2, "nothing waits for an answer")
    assert "production" not in stages(trained)


def test_force_needs_a_reason_and_is_marked(trained, call):
    arguments = ["promote", "fare@latest", "--to", "production", "--force", "--yes"]
    call(trained, *arguments).refuses(2, "--force passes over the gate", "--reason")
    assert "production" not in stages(trained)
    assert call(trained, *arguments, "--reason", "a fire").code == 0
    last = json.loads(call(trained, "history", "fare", "--json").out)[-1]
    assert (last["k"], last["how"], last["reason"]) == ("promote", "force", "a fire")
    assert "force: a fire" in call(trained, "history", "fare").out


def test_promotion_into_a_stage_that_asks_a_person_exits_with_3(trained, call):
    call(trained, "reject", "fare", "--reason", "not yet")
    said = call(trained, "promote", "fare@1.0.0", "--to", "production", "--yes")
    said.refuses(3, "production wants a person's yes", "keepfit approve fare --stage production")
    assert call(trained, "approve", "fare", "--stage", "production", "--yes").code == 0
    assert stages(trained)["production"] == "1.0.0"


def test_a_stage_that_is_not_there_is_named_with_a_guess(trained, call):
    said = call(trained, "promote", "fare@latest", "--to", "prodution", "--yes")
    said.refuses(2, "there is no stage `prodution`. Did you mean `production`?")


def test_rollback_goes_back_and_says_so(approved, call):
    assert approved.keepfit("run", "--set", "model.fare.params.alpha=0.001").code == 0
    assert approved.keepfit(
        "promote", "fare@1.1", "--to", "production", "--force", "--reason", "try", "--yes"
    ).code == 0  # fmt: skip
    assert stages(approved)["production"] == "1.1.0"
    said = call(approved, "rollback", "fare", "--yes", "--reason", "it misbehaves")
    assert said.out.splitlines()[0].endswith("which loads.")
    assert stages(approved)["production"] == "1.0.0"
    call(approved, "rollback", "fare", "--yes").refuses(2, "nothing to go back to")


def test_a_rollback_to_a_version_that_does_not_load_exits_with_4(approved, call):
    approved.keepfit("run", "--set", "model.fare.params.alpha=0.001")
    approved.keepfit(
        "promote", "fare@1.1", "--to", "production", "--force", "--reason", "try", "--yes"
    )
    (file,) = approved.store.glob("m/fare/v/1.0.0-*/*/model/model.json")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"ridge", b"lasso"))
    call(approved, "rollback", "fare", "--yes").refuses(4, "model.json")
    assert stages(approved)["production"] == "1.1.0"


def test_the_page_before_the_yes_tells_what_it_is_about(trained, call):
    text = trained.file("keepfit.toml").read_text()
    trained.file("keepfit.toml").write_text(
        text + '\n[model.fare.promote]\napprovers = 2\nvalid_for = "14 days"\n'
    )
    said = call(trained, "approve", "fare", "--yes", "--expires", "3 days", KEEPFIT_ACTOR="bob")
    assert "into production, which holds nothing yet" in said.out
    evidence = trained.registry().state("fare").newest.evidence
    for fact in ("trained", "data", "changed", "overlap", evidence, "asked", "counts until"):
        assert fact in said.out, fact
    again = call(trained, "approve", "fare", "--yes", KEEPFIT_ACTOR="ana")
    assert "approved  by bob" in " ".join(again.out.split()).replace("approved by", "approved  by")


@pytest.mark.parametrize("when", ["yesterday", "2020-01-01"])
def test_a_yes_that_ends_at_no_time_to_come_is_a_slip(trained, call, when):
    call(trained, "approve", "fare", "--yes", "--expires", when).refuses(2, when)
    assert "production" not in stages(trained)


def test_four_eyes_exit_with_3(trained, call):
    text = trained.file("keepfit.toml").read_text()
    trained.file("keepfit.toml").write_text(text + "\n[model.fare.promote]\nfour_eyes = true\n")
    author = trained.registry().state("fare").newest.actor
    said = call(trained, "approve", "fare", "--yes", KEEPFIT_ACTOR=author)
    said.refuses(3, f"{author} has published", "somebody else")
    assert call(trained, "approve", "fare", "--yes", KEEPFIT_ACTOR="other").code == 0


def test_what_was_forced_is_told_by_every_verb_that_looks(trained, call):
    promote = ("promote", "fare@latest", "--to", "production", "--force", "--yes")
    assert call(trained, *promote, "--reason", "a fire", KEEPFIT_ACTOR="bob").code == 0
    words = "forced past the gate by bob: a fire"
    assert words in call(trained, "show", "fare@latest").out
    assert words in call(trained, "live", "fare", "--at", "2100-01-01").out
    assert words in call(trained, "verify", "fare@latest").out
    assert "FORCED into production" in call(trained, "history", "fare").out
    listed = call(trained, "list").out.splitlines()
    assert "forced" in listed[0]
    [row] = json.loads(call(trained, "list", "--json").out)
    assert row["forced"] == "production"


@pytest.fixture
def signing(trained, keyring):
    keyring.signers = trained.file("allowed_signers")
    keyring.signers.write_text(keyring.line("bob", "bob@acme.com"))
    trained.edit("keepfit.toml", "[project]", '[project]\nsigners = "allowed_signers"')
    return trained


def test_approvals_are_signed_where_the_project_names_signers(signing, keyring, call):
    rows = signing.months()[0]
    call(signing, "approve", "fare", "--yes", HOME=str(signing.root)).refuses(
        2, "takes signed records only", "KEEPFIT_SIGNING_KEY"
    )
    said = call(signing, "approve", "fare", "--yes", KEEPFIT_SIGNING_KEY=str(keyring.key("bob")))
    assert said.code == 0, said.err
    assert "approved by bob@acme.com, signed" in call(signing, "verify", "fare@production").out
    assert call(signing, "predict", "fare@production", rows, "out.csv").code == 0
    keyring.signers.write_text(keyring.line("cy"))
    again = call(signing, "predict", "fare@production", rows, "other.csv")
    again.refuses(3, "nobody vouches for that", "not one of bob@acme.com")
    assert not signing.file("other.csv").exists()
    assert call(signing, "predict", "fare@1.0.0", rows, "other.csv").code == 0
    call(signing, "evaluate", "fare@production", "--data", rows).refuses(3, "nobody vouches")
    assert call(signing, "verify", "fare@production").code == 3


def test_a_key_is_found_by_git_and_refused_where_nobody_knows_it(signing, keyring, call):
    git = ["git", "-C", signing.root]
    subprocess.run([*git, "init", "--quiet"], check=True)
    key = keyring.key("mallory").with_name("mallory.pub")
    subprocess.run([*git, "config", "user.signingkey", str(key)], check=True)
    call(signing, "approve", "fare", "--yes").refuses(2, "names nobody with the key", "mallory.pub")
    subprocess.run([*git, "config", "user.signingkey", str(keyring.key("bob"))], check=True)
    assert call(signing, "approve", "fare", "--yes").code == 0
    back = ("rollback", "fare", "--yes")
    call(signing, *back).refuses(2, "nothing to go back to")


def test_a_key_is_of_no_use_where_nobody_signs(trained, keyring, call):
    said = call(trained, "approve", "fare", "--yes", "--key", keyring.key("bob"))
    said.refuses(2, "names nobody who may sign", "signers =")
