"""The flags that every verb has."""

import json
from types import SimpleNamespace

import pytest

SHOWING = [
    ["init", "another"],
    ["check"],
    ["check", "--show"],
    ["check", "fare", "--gate"],
    ["plan"],
    ["list"],
    ["show", "fare@latest"],
    ["history", "fare"],
    ["live", "fare", "--at", "2030-01"],
    ["evaluate", "fare@latest"],
    ["predict", "fare@latest", "data/trips-2013-01.csv", "out.csv"],
    ["approve", "fare", "--yes"],
    ["reject", "fare", "--reason", "no"],
    ["promote", "fare@latest", "--to", "production", "--force", "--reason", "a", "--yes"],
    ["run"],
    ["train", "fare"],
    ["replay", "fare", "--from", "2013-02", "--to", "2013-04", "--policy", "never"],
]


def ids(arguments):
    return arguments[0]


@pytest.mark.parametrize("arguments", SHOWING, ids=ids)
def test_json_is_json_and_nothing_else(trained, call, arguments):
    said = call(trained, *arguments, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out) is not None
    assert said.err == ""


@pytest.mark.parametrize("arguments", SHOWING, ids=ids)
def test_quiet_prints_nothing(trained, call, arguments):
    said = call(trained, *arguments, "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


@pytest.mark.parametrize("arguments", SHOWING, ids=ids)
def test_there_are_no_colours_and_no_spinner_where_no_terminal_is(trained, call, arguments):
    said = call(trained, *arguments)
    assert said.code == 0, said.err
    assert "\x1b" not in said.out + said.err
    assert said.err == ""
    assert len(said.out.splitlines()) >= 1


def test_errors_are_told_even_when_it_is_quiet(trained, call):
    call(trained, "show", "fare@9", "--quiet").refuses(2, "there is no")


@pytest.fixture
def profiled(trained):
    with trained.file("keepfit.toml").open("a") as file:
        file.write('\n[profile.prod]\nstore = "elsewhere"\n')
    return trained


@pytest.mark.parametrize("where", ["before", "after", "variable"])
def test_a_profile_is_chosen_by_flag_or_variable(profiled, call, where):
    assert json.loads(call(profiled, "list", "--json").out) != []
    said = {
        "before": lambda: call(profiled, "--profile", "prod", "list", "--json"),
        "after": lambda: call(profiled, "list", "--json", "--profile", "prod"),
        "variable": lambda: call(profiled, "list", "--json", KEEPFIT_PROFILE="prod"),
    }[where]()
    assert (said.code, json.loads(said.out)) == (0, [])


def test_a_profile_that_is_not_there_is_named(profiled, call):
    call(profiled, "list", "--profile", "prud").refuses(2, "'prud'", "Did you mean `prod`?")


def test_set_overrides_one_key(trained, call):
    said = call(trained, "plan", "--json", "--set", "model.fare.params.alpha=7.5")
    assert json.loads(said.out)[0]["reasons"] == ["params.alpha 1.0 → 7.5 (minor version)"]
    assert json.loads(call(trained, "plan", "--json").out)[0]["status"] == "fresh"


def test_set_without_a_value_is_refused_with_an_example(trained, call):
    call(trained, "plan", "--set", "model.fare.kind").refuses(2, "expected KEY=VALUE")


def test_a_variable_overrides_the_file_and_a_flag_overrides_that(trained, call):
    name = "KEEPFIT__MODEL__FARE__PARAMS__ALPHA"
    reasons = json.loads(call(trained, "plan", "--json", **{name: "3.0"}).out)[0]["reasons"]
    assert reasons == ["params.alpha 1.0 → 3.0 (minor version)"]
    said = call(trained, "plan", "--json", "--set", "model.fare.params.alpha=9.0", **{name: "3.0"})
    assert json.loads(said.out)[0]["reasons"] == ["params.alpha 1.0 → 9.0 (minor version)"]


def test_a_file_elsewhere_is_its_own_project(trained, call, tmp_path):
    (tmp_path / "away").mkdir()
    away = SimpleNamespace(root=tmp_path / "away")
    said = call(away, "list", "--json", "--file", trained.file("keepfit.toml"))
    assert len(json.loads(said.out)) == 1
    assert list(away.root.iterdir()) == []


def test_a_folder_below_the_project_belongs_to_it(trained, call):
    below = SimpleNamespace(root=trained.root / "data")
    assert len(json.loads(call(below, "list", "--json").out)) == 1


def test_a_traceback_is_shown_only_where_it_is_asked_for(trained, call):
    call(trained, "show", "fare@9").refuses(2, "there is no")
    for arguments in (["--debug", "show", "fare@9"], ["show", "fare@9", "--debug"]):
        said = call(trained, *arguments)
        assert said.code == 2
        assert "Traceback" in said.err


def test_whoever_acts_is_told_by_a_variable(trained, call):
    call(trained, "approve", "fare", "--yes", KEEPFIT_ACTOR="zoe")
    last = json.loads(call(trained, "history", "fare", "--json").out)[-1]
    assert (last["k"], last["actor"]) == ("promote", "zoe")


@pytest.mark.parametrize(
    "arguments",
    [
        ["approve", "fare"],
        ["promote", "fare@latest", "--to", "production", "--force", "--reason", "a"],
    ],
    ids=ids,
)
def test_nothing_asks_where_no_terminal_is(trained, arguments):
    said = trained.keepfit(*arguments)
    said.refuses(2, "There is no terminal to ask at.", "add --yes")
    assert "fare 1.0.0" in said.out  # it shows first what it would ask about
    assert set(trained.registry().state("fare").stages) == {"development", "staging"}
