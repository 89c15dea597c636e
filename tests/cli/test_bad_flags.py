"""What is typed wrongly: each mistake is named, and what could have been meant."""

import pytest


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["rnu"], ["there is no verb `rnu`", "Did you mean `run`?"]),
        (["run", "--forse"], ["--forse", "--force"]),
        (["run", "--bump", "huge"], ["'huge'", "'major', 'minor', 'patch'"]),
        (["run", "fair"], ["there is no model `fair`", "Did you mean `fare`?"]),
        (["train", "fair"], ["Did you mean `fare`?"]),
        (["show", "fair@latest"], ["`fair`", "Did you mean `fare`?"]),
        (["verify", "fair@latest"], ["`fair`", "Did you mean `fare`?"]),
        (["rebuild", "fair@1.0.0"], ["`fair`", "Did you mean `fare`?", "next: "]),
        (["restore", "fair@1.0.0"], ["`fair`", "Did you mean `fare`?"]),
        (["undelete", "fair@1.0.0"], ["`fair`", "Did you mean `fare`?"]),
        (["unpin", "fair@1.0.0"], ["`fair`", "Did you mean `fare`?"]),
        (["show", "fare"], ["`fare` is not a reference", "next: write MODEL@STAGE"]),
        (["show", "fare@1..2"], ["`fare@1..2` is not a reference", "next: "]),
        (["show", "fare@9.9"], ["no version of fare called `9.9`", "1.0.0-"]),
        (["show", "fare@stag"], ["`stag`", "Did you mean `staging`?"]),
        (["show", "fare@production"], ["stage `production`", "development, staging"]),
        (["promote", "fare@latest", "--to", "prod", "--yes"], ["Did you mean `production`?"]),
        (["promote", "fare@latest", "--to", "production", "--force"], ["next: ", "--reason"]),
        (["rollback", "fare", "--stage", "prod"], ["Did you mean `production`?"]),
        (["approve", "fare", "--stage", "prod"], ["Did you mean `production`?"]),
        (["live", "fare", "--at", "soon"], ["`soon` is not a time", "2013-06-01"]),
        (["plan", "--set", "alpha"], ["--set alpha: expected KEY=VALUE"]),
        (["plan", "--set", "=3"], ["--set =3: expected KEY=VALUE"]),
        (["plan", "--set", "model.fare.params.alfa=3"], ["Did you mean `alpha`?"]),
        (["plan", "--set", "model.fare.params.alpha=big"], ["alpha is 'big'; expected a number"]),
        (["plan", "--profile", "prod"], ["profile is 'prod', which the file has not"]),
        (["plan", "--file", "keepfit.tml"], ["there is no file keepfit.tml"]),
    ],
    ids=lambda value: " ".join(value) if value and "Did" not in value[-1] else "",
)
def test_what_is_typed_wrongly_is_named(trained, typed, words):
    trained.keepfit(*typed).refuses(2, *words)


REPLAY = ("replay", "fare", "--from")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("2013-04", "--to", "2013-01"), ["--from 2013-04 is not before --to 2013-01"]),
        (("spring", "--to", "2013-05"), ["`spring` is not a time", "2013-06"]),
        (("2013-01", "--to", "2013-05", "--every", "decade"), ["--every decade", "'1 month'"]),
        (("2013-01", "--to", "2013-05", "--policy", "often"), ["no policy `often`", "on-decay"]),
    ],
)
def test_a_replay_of_no_span_or_policy_is_refused(trained, typed, words):
    trained.keepfit(*REPLAY, *typed).refuses(2, *words)


def test_an_approval_without_a_terminal_names_the_flag_and_changes_nothing(trained):
    said = trained.keepfit("approve", "fare")
    said.refuses(2, "into production?", "no terminal", "next: add --yes")
    assert "production" not in trained.registry().state("fare").stages


def test_a_promotion_without_a_terminal_names_the_flag(trained):
    said = trained.keepfit("promote", "fare@latest", "--to", "production")
    said.refuses(2, "no terminal", "next: add --yes")


def test_an_approval_with_nothing_pending_says_where_to_look(trained):
    assert trained.keepfit("approve", "fare", "--yes").code == 0
    assert trained.registry().state("fare").stages["production"]
    said = trained.keepfit("approve", "fare", "--yes")
    said.refuses(2, "fare: nothing waits for an answer", "next: keepfit history fare")


def test_a_version_before_the_first_run_says_how_to_make_one(project):
    project.keepfit("show", "fare@latest").refuses(2, "`fare`", "next: ", "keepfit run")
    project.keepfit("approve", "fare", "--yes").refuses(2, "nothing waits", "next: ")
    assert not project.store.exists()


def test_a_version_is_not_compared_with_itself(trained):
    said = trained.keepfit("compare", "fare@latest", "fare@staging")
    said.refuses(3, "the same model", "expected two different models", "next: ")


def test_a_traceback_is_shown_for_the_flag_and_not_for_a_variable(project):
    calm = project.keepfit("plan", "fair", KEEPFIT_DEBUG="1")
    calm.refuses(2, "Did you mean `fare`?")
    for typed in (["--debug", "plan", "fair"], ["plan", "fair", "--debug"]):
        said = project.keepfit(*typed)
        assert said.code == 2
        assert "Traceback" in said.err
        assert said.err.endswith("keepfit: there is no model `fair`. Did you mean `fare`?\n")


def test_init_never_overwrites_a_project(trained):
    before = trained.file("keepfit.toml").read_bytes()
    trained.keepfit("init", ".").refuses(2, "holds keepfit.toml", "next: ")
    assert trained.file("keepfit.toml").read_bytes() == before
    trained.keepfit("init", "new", "--example", "fligths").refuses(2, "Did you mean `flights`?")
    assert not trained.file("new").exists()
