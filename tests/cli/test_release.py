import json

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
