import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from keepfit.cli import VERBS
from keepfit.config.load import load
from keepfit.evaluate.names import problem
from keepfit.kinds import known, params_of

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "README.md"
DOCS = REPOSITORY / "docs"
REFERENCE = DOCS / "reference"
PAGES = [README, REPOSITORY / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
# They train, again and again.
LONG = {
    "classify-texts",
    "forecasts",
    "learning-curve",
    "neural-networks",
    "own-class",
    "rebuild",
    "sagemaker",
    "ways-to-keep-learning",
}
TRIED = [
    pytest.param(page, marks=pytest.mark.slow) if page.stem in LONG else page
    for page in PAGES
    if "```console" in page.read_text()
]

# What a table of a page may leave to the tables around it.
COMPLETE = {
    "project": '[project]\nname = "example"\n',
    "defaults": """
        [defaults]
        kind = "linear"
        target = "price"
        features = ["area_m2"]
        [defaults.data]
        source = "data.csv"
    """,
}


def named(page):
    return page.relative_to(REPOSITORY).as_posix()


def blocks(page, language):
    """The blocks of a language, each with the number of its first line; files are tried as such."""
    text = page.read_text()
    block = rf"(?<! -->\n)^```{language}\n(.*?)^```$"
    for found in re.finditer(block, text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, found.start()) + 2, found[1]


def tables():
    return [
        pytest.param(toml, id=f"{named(page)}:{line}")
        for page in PAGES
        for line, toml in blocks(page, "toml")
    ]


@pytest.mark.parametrize("page", TRIED, ids=named)
def test_what_a_page_shows_is_what_comes_out(page, attempt):
    trial = attempt(page)
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(trial.text)
        return
    again = f"\n\nUPDATE_DOCS=1 pytest {named(Path(__file__))} writes what comes out now"
    assert not trial.differences, "\n".join(trial.differences) + again


@pytest.mark.parametrize("toml", tables())
def test_every_table_that_a_page_shows_is_understood(toml, tmp_path):
    shown = tomllib.loads(toml)
    rest = "".join(text for name, text in COMPLETE.items() if name not in shown)
    file = tmp_path / "keepfit.toml"
    file.write_text(toml + rest)
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", toml), "something")
    project = load(file, environ, params_of=params_of, kinds=known, metrics=problem)
    assert project.models.keys() == shown.get("model", {}).keys()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page.read_text()):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


def anchors(page):
    """What the headings of a page are called in links, as GitHub spells them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_shown_in_the_readme(verb):
    assert f"$ keepfit {verb}" in README.read_text()


def test_the_file_of_the_readme_is_what_init_writes_without_its_comments():
    _, toml = next(blocks(README, "toml"))
    starter = REPOSITORY / "src" / "keepfit" / "starters" / "flights" / "keepfit.toml"
    assert less_than(tomllib.loads(toml), tomllib.loads(starter.read_text()))


def less_than(some, whole):
    """Whether every value of `some` is in `whole` at its place."""
    if not isinstance(some, dict):
        return some == whole or (isinstance(some, list) and all(s in whole for s in some))
    return all(name in whole and less_than(value, whole[name]) for name, value in some.items())


def test_every_page_is_reached_from_the_readme():
    reached, ahead = set(), [README]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        links = re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", page.read_text())
        ahead += {(page.parent / link).resolve() for link in links} - reached
    assert {page for page in PAGES if DOCS in page.parents} <= reached


def test_a_row_of_a_table_in_the_reference_is_a_line():
    for page in REFERENCE.glob("*.md"):
        lines = page.read_text("utf-8").splitlines()
        torn = [line for line in lines if line.startswith("|") != line.endswith("|")]
        assert torn == [], page.name


def test_the_reference_is_what_the_code_says():
    script = [sys.executable, REFERENCE / "generate.py", "--check"]
    said = subprocess.run(script, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_the_checks_of_this_file_see_what_is_wrong(attempt, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo now 2 s\nnow 3 s\n$ echo now\nthen\n$ (exit 3)\n```\n")
    with pytest.raises(AssertionError, match="exit 3"):
        attempt(page)
    page.write_text("```console\n$ echo now 2 s\nnow 3 s\n$ echo now\nnow\n$ echo now\nthen\n```\n")
    trial = attempt(page)
    assert len(trial.differences) == 1
    assert trial.text == page.read_text().replace("then", "now")
