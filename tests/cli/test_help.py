"""The door is quick and silent, and every verb tells what it does."""

import subprocess
import sys

import click
import pytest

from keepfit.__version__ import __version__
from keepfit.cli import VERBS, keepfit

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


def every_verb():
    """Each verb as it is typed, and each below it."""
    context = click.Context(keepfit)
    for name in VERBS:
        command = keepfit.get_command(context, name)
        inner = command.list_commands(context) if isinstance(command, click.Group) else []
        yield from [(name, word) for word in inner] or [(name,)]


@pytest.mark.parametrize("words", list(every_verb()), ids=" ".join)
def test_every_verb_tells_more(project, call, words):
    said = call(project, *words, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: keepfit {' '.join(words)}")
    for flag in ("--json", "--quiet", "--profile", "--set", "--file", "--debug"):
        assert flag in said.out


def test_the_version_is_told(project, call):
    assert call(project, "--version").out == f"keepfit {__version__}\n"


def test_it_is_a_module_too(project):
    assert project.keepfit("--version").out == f"keepfit {__version__}\n"


@pytest.mark.parametrize("name", ["export", "sagemaker", "conform"])
def test_a_verb_of_several_things_shows_them_and_guesses(project, call, name):
    said = call(project, name, "--help")
    assert said.code == 0
    word = next(words[1] for words in every_verb() if words[0] == name)
    assert f"  {word} " in said.out
    call(project, name, word[:-1]).refuses(2, f"there is no `{name} {word[:-1]}`", f"`{word}`")


def test_an_unknown_verb_is_answered_with_a_guess(project, call):
    call(project, "rum").refuses(2, "there is no verb `rum`. Did you mean `run`?")
