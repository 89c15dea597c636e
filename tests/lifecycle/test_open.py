"""The project's own Python: in training and in serving, told apart, and kept with the version."""

import re
import subprocess

import polars as pl
import pytest

from keepfit.errors import Corrupt, Refused, UserError
from keepfit.lifecycle.model import model_of

ROOMY = """\
import polars as pl
from helpers import square


def add_space(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(space=square(pl.col("area_m2")) / pl.col("rooms"))
"""


@pytest.fixture
def coded(life):
    """The project with a transform of its own, and a module that this imports."""
    life.change("clean  =", 'transform = "features:add_space"\nclean  =')
    life.change('"garden"]', '"garden", "space"]')
    life.code("features", ROOMY)
    life.code("helpers", "def square(x):\n    return x * x\n")
    return life


def git(life, *arguments):
    who = ["-c", "user.name=ana", "-c", "user.email=ana@example.org"]
    command = ["git", "-C", str(life.root), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(life):
    git(life, "init", "--quiet")
    (life.root / ".gitignore").write_text("store/\n")
    git(life, "add", ".")
    git(life, "commit", "--quiet", "--message", "all")
    return git(life, "rev-parse", "HEAD")


def test_a_transform_works_in_training_and_in_serving(coded):
    coded.first_champion()
    opened = coded.open("production")
    rows = pl.read_csv(coded.root / "data" / "houses-2024-03.csv").drop("price")
    with_space = rows.with_columns(space=pl.col("area_m2") ** 2 / pl.col("rooms"))
    said = opened.predictor.predict(rows).values
    assert said.equals(opened.predictor.fitted.predict(with_space).values)
    assert "space" in opened.predictor.features


def test_the_code_is_stored_with_the_version_the_modules_that_it_imports_too(coded):
    version = coded.retrained().version
    files = coded.registry().files("price", version)
    stored = {path: data for path, data in files.items() if path.startswith("code/")}
    assert stored == {
        "code/features.py": ROOMY.encode(),
        "code/helpers.py": b"def square(x):\n    return x * x\n",
    }


def test_the_champion_is_judged_with_the_code_that_it_was_trained_with(coded):
    coded.first_champion()
    before = coded.open("production")
    rows = pl.read_csv(coded.root / "data" / "houses-2024-03.csv").drop("price")
    said = before.predictor.predict(rows).values
    coded.code("helpers", "def square(x):\n    return 0 * x\n")
    coded.months(11, 12)
    evidence = coded.retrained().judgement.evidence
    assert coded.open("production").predictor.predict(rows).values.equals(said)
    late = pl.concat(
        pl.read_csv(coded.root / "data" / f"houses-2024-{month}.csv") for month in (11, 12)
    )
    expected = (before.predictor.predict(late).values - late["price"]).abs().mean()
    assert evidence.scores[0].champion == pytest.approx(expected, rel=1e-12)


def test_stored_code_that_was_tampered_with_is_not_run(coded):
    coded.first_champion()
    coded.code("helpers", "def square(x):\n    return 0 * x\n")
    (stored,) = coded.root.glob("store/**/code/helpers.py")
    stored.chmod(0o644)
    stored.write_text("raise SystemExit('gotcha')\n")
    with pytest.raises(Corrupt):
        coded.open("production")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("raise ValueError('no')", "raised ValueError at features.py:6: no"),
        ("return x / 'four'", "raised ColumnNotFoundError at features.py:5: unable to find"),
    ],
    ids=["at once", "when the rows are computed"],
)
def test_a_transform_that_raises_is_named_with_its_line(coded, body, place):
    coded.code("helpers", f"def square(x):\n    {body}\n")
    with pytest.raises(UserError, match=re.escape(f"data.transform: add_space {place}")):
        coded.run()
    assert not coded.state.claims


def test_a_folder_without_git_labels_a_version_by_its_code(coded):
    code = coded.model.code
    assert coded.retrained().version == f"1.0.0-x{code.digest[:6]}"
    assert (code.commit, code.clean) == (None, False)


def test_a_clean_work_tree_labels_a_version_by_its_commit(coded):
    sha = commit(coded)
    version = coded.retrained().version
    assert version == f"1.0.0-{sha[:7]}"
    recipe = coded.registry().manifest("price", version).recipe
    assert (recipe.code.commit, recipe.code.clean) == (sha, True)


def test_a_changed_file_makes_a_label_of_the_code_again(coded):
    commit(coded)
    coded.code("helpers", "def square(x):\n    return x ** 2\n")
    assert coded.retrained().version.startswith("1.0.0-x")


def test_a_commit_that_touches_no_code_makes_nothing_due(coded):
    commit(coded)
    coded.first_champion()
    (coded.root / "README.md").write_text("a word\n")
    git(coded, "add", ".")
    git(coded, "commit", "--quiet", "--message", "a word")
    assert coded.plan().status == "fresh"


def test_a_project_that_asks_for_a_clean_tree_trains_from_no_other(coded):
    coded.change('name = "houses"', 'name = "houses"\nrequire = "clean"')
    with pytest.raises(Refused, match="the work tree is not a clean commit"):
        model_of(coded.project, "price")
    commit(coded)
    assert "-x" not in coded.retrained().version
