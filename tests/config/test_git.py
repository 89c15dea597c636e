from __future__ import annotations

import shutil
import subprocess

import pytest

from keepfit.config.git import GitState, git_state, live_branches

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def git(tmp_path):
    def git(*arguments):
        names = (
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "commit.gpgsign=false",
        )
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *names, *arguments], capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    git("init", "--quiet")
    return git


@pytest.fixture
def committed(git, tmp_path):
    (tmp_path / "keepfit.toml").write_text("[project]\n")
    (tmp_path / "features.py").write_text("")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    return git


def test_a_folder_without_a_repository_has_no_commit(tmp_path):
    assert git_state(tmp_path) == GitState(None, clean=False)


def test_a_repository_without_a_commit_has_none(git, tmp_path):
    assert git_state(tmp_path).commit is None


def test_a_committed_project_is_clean(committed, tmp_path):
    state = git_state(tmp_path)
    assert (state.commit, state.clean) == (committed("rev-parse", "HEAD"), True)
    assert state.tracked == {"keepfit.toml", "features.py"}


def test_a_changed_file_makes_the_tree_dirty(committed, tmp_path):
    (tmp_path / "features.py").write_text("x = 1\n")
    assert not git_state(tmp_path).clean


def test_files_that_git_does_not_track_are_no_change(committed, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x.json").write_text("{}")
    assert git_state(tmp_path).clean


def test_a_project_that_its_repository_does_not_hold_is_not_clean(committed, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "keepfit.toml").write_text("[project]\n")
    state = git_state(inner)
    assert (state.commit, state.clean) == (committed("rev-parse", "HEAD"), False)


def test_paths_are_told_from_the_folder_of_the_project(committed, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "keepfit.toml").write_text("[project]\n")
    committed("add", "inner")
    committed("commit", "--quiet", "-m", "second")
    state = git_state(inner)
    assert (state.tracked, state.clean) == ({"keepfit.toml"}, True)


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) == GitState(None, clean=False)


def test_a_branch_is_told_and_the_main_one_is_none(committed, tmp_path):
    committed("checkout", "--quiet", "-B", "main")
    assert git_state(tmp_path).branch == ""
    committed("checkout", "--quiet", "-b", "users/ann/faster")
    assert git_state(tmp_path).branch == "users/ann/faster"
    committed("checkout", "--quiet", "--detach")
    assert git_state(tmp_path).branch == ""


def test_what_the_remote_calls_its_main_branch_is_main(committed, tmp_path):
    committed("checkout", "--quiet", "-B", "develop")
    assert git_state(tmp_path).branch == "develop"
    committed("update-ref", "refs/remotes/origin/develop", "HEAD")
    committed("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")
    assert git_state(tmp_path).branch == ""


def test_branches_live_here_and_at_remotes_until_they_are_deleted(committed, tmp_path):
    committed("branch", "-M", "main")
    committed("branch", "users/ann/faster")
    committed("update-ref", "refs/remotes/origin/wider", "HEAD")
    assert live_branches(tmp_path) == {"main", "users/ann/faster", "wider"}
    committed("branch", "-D", "users/ann/faster")
    assert live_branches(tmp_path) == {"main", "wider"}


def test_without_a_repository_nobody_knows_which_branches_live(tmp_path):
    assert live_branches(tmp_path) is None


@pytest.mark.parametrize("how", [["--depth=1", "--no-single-branch"], ["--single-branch"]])
def test_a_clone_of_few_branches_does_not_know_which_live(committed, tmp_path, how):
    committed("branch", "-M", "main")
    committed("branch", "faster")
    for name, options in (("few", how), ("all", [])):
        committed("clone", "--quiet", *options, tmp_path.as_uri(), str(tmp_path / name))
    assert live_branches(tmp_path / "few") is None
    assert live_branches(tmp_path / "all") >= {"main", "faster"}
