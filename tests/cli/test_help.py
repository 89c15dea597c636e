"""The door is quick and silent, and every verb tells what it does."""

import subprocess
import sys

import pytest

from keepfit.__version__ import __version__
from keepfit.cli import VERBS

HEAVY = {"numpy", "polars", "sklearn", "pydantic", "scipy", "matplotlib", "rich"}


def python(code, folder):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )


def test_help_is_light_and_silent(tmp_path):
    look = (
        "import sys; from keepfit.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print(*sys.modules)"
    )
    done = python(look, tmp_path)
    *shown, modules = done.stdout.splitlines()
    assert shown[0].startswith("Usage: keepfit")
    assert not HEAVY & set(modules.split())
    assert done.stderr == ""


def test_importing_it_loads_nothing_and_says_nothing(tmp_path):
    done = python("import keepfit, keepfit.cli, sys; print(*sys.modules)", tmp_path)
    assert not HEAVY & set(done.stdout.split())
    assert done.stderr == ""


def test_help_names_every_verb_with_what_it_does(project, call):
    said = call(project, "--help")
    for name, (_, what) in VERBS.items():
        line = next(line for line in said.out.splitlines() if line.split()[:1] == [name])
        assert what[:40] in line


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_tells_more(project, call, name):
    said = call(project, name, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: keepfit {name}")
    for flag in ("--json", "--quiet", "--profile", "--set", "--file", "--debug"):
        assert flag in said.out


def test_the_version_is_told(project, call):
    assert call(project, "--version").out == f"keepfit {__version__}\n"


def test_it_is_a_module_too(project):
    assert project.keepfit("--version").out == f"keepfit {__version__}\n"


def test_an_unknown_verb_is_answered_with_a_guess(project, call):
    call(project, "rum").refuses(2, "there is no verb `rum`. Did you mean `run`?")
