"""keepfit tune as people type it: a table, TOML to paste, and a way to stop."""

import json
import re
import time
import tomllib

import pytest

SPACE = """
[model.fare.tune]
folds = 3
params = { alpha = { low = 0.001, high = 1000, log = true }, fit_intercept = [true, false] }
"""


@pytest.fixture
def searched(project):
    project.edit("keepfit.toml", "[model.fare.split]", f"{SPACE}\n[model.fare.split]")
    return project


def test_a_search_prints_a_table_and_what_to_paste(searched, call):
    said = call(searched, "tune", "fare", "--trials", "6")
    assert said.code == 0
    head, columns, file, *_ = said.out.splitlines()
    assert re.fullmatch(
        r"fare: mae \(lower is better\) on 3 folds of \d+ training rows, each judged by what was "
        r"learned from older rows; \d+ judge, no holdout row does",
        head,
    )
    assert columns.replace("95 % sure of", "").split() == [
        "trial",
        "alpha",
        "fit_intercept",
        "mae",
        "spread",
        "gain",
        "takes",
    ]
    assert file.split()[:3] == ["file", "1", "True"]
    assert "\n6 trials\n" in said.out
    toml = said.out[said.out.index("[model.fare.params]") : said.out.index("Paste it")]
    pasted = tomllib.loads(toml)["model"]["fare"]["params"]
    assert pasted.keys() == {"alpha", "fit_intercept"}
    assert re.search(r"Trial \d did best: better by .* widened for the best of 6\)", said.out)
    with searched.file("keepfit.toml").open("a") as file:
        file.write(f"\n{toml}")
    assert call(searched, "check").code == 0


STEPS = """\
[model.fare.params]
estimator = ["sklearn.preprocessing.StandardScaler", "sklearn.linear_model.Ridge"]
alpha     = 100_000

[model.fare.params.standardscaler]
with_mean = false

[model.fare.tune]
folds  = 2
params = { alpha = [0.1] }

[model.fare.data]"""


def test_what_is_pasted_keeps_the_tables_of_steps(project, call):
    pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
    project.edit("keepfit.toml", '"ridge"', '"sklearn"')
    project.edit("keepfit.toml", "[model.fare.data]", STEPS)
    found = json.loads(call(project, "tune", "fare", "--json").out)
    pasted = tomllib.loads(found["toml"])["model"]["fare"]["params"]
    assert pasted["standardscaler"] == {"with_mean": False}
    assert pasted["alpha"] == 0.1


def test_what_is_pasted_brings_a_minor_version(searched, call):
    searched.edit("keepfit.toml", "[model.fare.data]", "params.alpha = 500.0\n[model.fare.data]")
    assert call(searched, "run").code == 0
    found = json.loads(call(searched, "tune", "fare", "--trials", "5", "--json").out)
    assert found["trials"][found["best"]]["low"] > 0
    searched.edit("keepfit.toml", "params.alpha = 500.0\n", "")
    with searched.file("keepfit.toml").open("a") as file:
        file.write("\n" + found["toml"] + "\n")
    planned = call(searched, "plan")
    assert "params.alpha 500.0 →" in planned.out
    assert "minor version" in planned.out
    done = call(searched, "run")
    assert re.search(r"fare 1\.1\.0-", done.out), done.out


def test_flags_are_keys_of_the_file_and_are_checked_like_them(searched, call):
    said = call(searched, "tune", "fare", "--search", "rando", "--trials", "0", "--folds", "1")
    said.refuses(
        2,
        "flag: model.fare.tune.search is 'rando'; expected 'random', 'grid', 'halving' or",
        "flag: model.fare.tune.trials is 0; expected a number of at least 1",
        "flag: model.fare.tune.folds is 1; expected a number of at least 2",
    )
    call(searched, "tune", "fair").refuses(2, "there is no model `fair`. Did you mean `fare`?")
    call(searched, "tune", "fair", "--trials", "3").refuses(2, "Did you mean `fare`?")


def test_a_model_without_a_space_is_told_how_to_say_one(project, call):
    call(project, "tune", "fare").refuses(
        2, "model.fare.tune.params is empty", "alpha = { low = 0.01, high = 100, log = true }"
    )


def test_a_search_that_finds_nothing_better_says_so(searched, call):
    searched.edit("keepfit.toml", "low = 0.001, high = 1000, log = true", "low = 500, high = 900")
    said = call(searched, "tune", "fare", "--trials", "4")
    assert "No candidate did better than the file's own params: nothing to paste." in said.out
    assert "[model.fare.params]" not in said.out


def test_ctrl_c_prints_what_there_is_and_the_same_command_goes_on(searched, interrupt, call):
    running = searched.start("tune", "fare", "--trials", "2000")
    until = time.monotonic() + 50
    while (
        sum(len(f.read_bytes().splitlines()) for f in searched.root.glob(".keepfit/tune/*/*")) < 4
    ):
        assert time.monotonic() < until, "no trial was kept"
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    interrupt(running)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert "stopped by hand" in out
    assert "the same command goes on" in out
    assert "file " in out
    assert "Traceback" not in err
    done = int(re.search(r"\n([\d,]+) trials", out)[1])
    again = call(searched, "tune", "fare", "--trials", "2000", "--timeout", "0.001")
    assert f"{done:,} of them by an earlier call" in again.out
    assert "stopped as the timeout says" in again.out
    assert again.code == 0
