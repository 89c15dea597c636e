"""Flag over environment over profile over file over default."""

from __future__ import annotations

import pytest

LAYERED = """\
[project]
name = "taxi"

[profile.prod]
store = "s3://prod"
require = "clean"
defaults.threads = 2
model.fare.params.alpha = 0.2

[profile.night]
store = "s3://night"

[defaults]
owner = "team"
schedule.max_age = "1 month"
schedule.timezone = "Europe/London"

[model.fare]
kind        = "ridge"
target      = "fare"
features    = ["a"]
data.source = "x.csv"
params.alpha = 0.1

[model.tip-share]
kind        = "linear"
target      = "tip"
features    = ["a"]
data.source = { sql = "select 1", uri = "sqlite:///a.db" }
schedule.max_age = "2 months"
threads = 3
"""
ALPHA = "KEEPFIT__MODEL__FARE__PARAMS__ALPHA"


def test_each_layer_wins_over_the_one_below(folder, sound):
    folder.write(LAYERED)
    file = folder.load()
    profile = folder.load(profile="prod")
    environment = folder.load({ALPHA: "0.3"}, profile="prod")
    flag = folder.load({ALPHA: "0.3"}, profile="prod", overrides={"model.fare.params.alpha": "0.4"})
    default = folder.write(sound).load()
    layers = [default, file, profile, environment, flag]
    assert [p.params["fare"].alpha for p in layers] == [1.0, 0.1, 0.2, 0.3, 0.4]
    path = ("model", "fare", "params", "alpha")
    assert [str(project.origin(path)) for project in layers] == [
        "default",
        "keepfit.toml:23",
        "keepfit.toml:8 (profile prod)",
        ALPHA,
        "flag",
    ]
    assert [project.origin(path).source for project in layers] == [
        "default",
        "file",
        "profile",
        "environment",
        "flag",
    ]


def test_a_profile_lays_project_keys_defaults_and_models_over_the_file(folder):
    project = folder.write(LAYERED).load({"KEEPFIT_PROFILE": "prod"})
    assert (project.profile, project.store, project.require) == ("prod", "s3://prod", "clean")
    assert project.models["fare"].threads == 2
    assert project.models["tip-share"].threads == 3, "a model's own word wins over defaults"


def test_the_profile_of_the_flag_wins_over_the_environment(folder):
    project = folder.write(LAYERED).load({"KEEPFIT_PROFILE": "prod"}, profile="night")
    assert project.store == "s3://night"


def test_an_empty_variable_chooses_no_profile(folder):
    assert folder.write(LAYERED).load({"KEEPFIT_PROFILE": ""}).profile is None


@pytest.mark.parametrize(
    ("environ", "choices", "place"),
    [
        ({"KEEPFIT_PROFILE": "prd"}, {}, "KEEPFIT_PROFILE"),
        ({}, {"profile": "prd"}, "--profile"),
    ],
)
def test_an_unknown_profile_is_guessed(folder, environ, choices, place):
    [problem] = folder.write(LAYERED).problems(environ, **choices)
    assert problem == (f"{place}: profile is 'prd', which the file has not. Did you mean `prod`?")


def test_defaults_lie_under_every_model_key_by_key(folder):
    models = folder.write(LAYERED).load().models
    assert [str(m.schedule.max_age) for m in models.values()] == ["1 month", "2 months"]
    assert {m.schedule.timezone for m in models.values()} == {"Europe/London"}
    assert {m.owner for m in models.values()} == {"team"}


def test_a_mistake_in_defaults_is_told_once_and_where_it_stands(folder):
    folder.write(LAYERED.replace('owner = "team"', "owner = 3"))
    assert folder.problems() == ["keepfit.toml:14: defaults.owner is 3; expected a text"]


def test_a_mistake_in_a_profile_is_told_although_another_is_chosen(folder):
    folder.write(LAYERED.replace('"s3://night"', "3\nmodel.fare.thread = 1"))
    expected = [
        "keepfit.toml:11: profile.night.store is 3; expected a text",
        (
            "keepfit.toml:12: profile.night.model.fare.thread is not a known key. "
            "Did you mean `threads`?"
        ),
    ]
    assert folder.problems(profile="prod") == expected
    assert folder.problems(profile="night") == expected


def test_variables_that_only_another_profile_reads_may_be_missing(folder):
    folder.write(LAYERED.replace('"s3://night"', '"${NIGHT}"\nrequire = "${HOW}"'))
    assert folder.load(profile="prod").store == "s3://prod"
    assert len(folder.problems(profile="night")) == 2


def test_a_table_of_a_source_is_replaced_whole_by_a_profile(folder):
    written = '"s3://night"\nmodel.tip-share.data.source = { a = "a.csv" }'
    folder.write(LAYERED.replace('"s3://night"', written))
    assert folder.load(profile="night").models["tip-share"].data.sources == {"a": "a.csv"}


def test_a_flag_sets_one_key_of_a_source(folder):
    key = "model.tip-share.data.source.uri"
    project = folder.write(LAYERED).load(overrides={key: "sqlite:///b.db"})
    source = project.models["tip-share"].data.source
    assert (source.sql, source.uri) == ("select 1", "sqlite:///b.db")


@pytest.mark.parametrize(
    ("text", "value"),
    [("[\"a\", 'b']", ("a", "b")), ('["a"]', ("a",))],
)
def test_values_of_flags_are_read_as_toml(folder, text, value):
    project = folder.load(overrides={"model.fare.features": text})
    assert project.models["fare"].features == value


@pytest.mark.parametrize("text", ["a team", "1\nx = 2", "x # y", ""])
def test_values_of_flags_that_are_not_toml_are_texts(folder, text):
    assert folder.load(overrides={"model.fare.owner": text}).models["fare"].owner == text


def test_names_of_variables_find_keys_with_dashes_and_capitals(folder):
    folder.write(f'{LAYERED}[model.tip-share.data.derive]\nHour = "1"\n')
    project = folder.load(
        {
            "KEEPFIT__MODEL__TIP_SHARE__THREADS": "5",
            "KEEPFIT__MODEL__TIP_SHARE__DATA__DERIVE__HOUR": "'2'",
            "KEEPFIT_STORE": "s3://env",
        }
    )
    tips = project.models["tip-share"]
    assert (tips.threads, tips.data.derive, project.store) == (5, {"Hour": "2"}, "s3://env")


def test_the_environment_may_stand_in_a_dotenv_file_and_wins_over_it(folder):
    (folder.root / ".env").write_text(f"KEEPFIT_STORE=s3://dotenv\n{ALPHA}=7\n")
    project = folder.write(LAYERED).load({ALPHA: "8"})
    assert (project.store, project.params["fare"].alpha) == ("s3://dotenv", 8.0)


def test_a_line_of_dotenv_that_sets_nothing_is_told_without_what_it_says(folder):
    (folder.root / ".env").write_text("A=1\nhunter2\n")
    assert folder.problems() == [".env:2: the line sets nothing; expected NAME=VALUE"]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (
            "model.far.threads",
            "model.far.threads belongs to no model of the file. Did you mean `fa",
        ),
        ("threads", "threads is not a known key; expected one below project, defaults or model"),
        ("a b", "a b is not a key; expected a dotted key such as model.fare.params.alpha"),
    ],
)
def test_a_flag_for_a_key_that_cannot_be_is_told(folder, key, problem):
    [told] = folder.problems(overrides={key: "1"})
    assert told.startswith(f"flag: {problem}")
