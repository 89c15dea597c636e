"""keepfit gc, undelete, pin, unpin and list --branch, from the command line to the store."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import story

from keepfit.cli import main
from keepfit.config.schema.release import Keep
from keepfit.lifecycle.collect import Rules, survey, why_kept
from keepfit.names import Reference
from keepfit.store.backends.local import LocalStore
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.registry import Registry

PROJECT = """
[project]
name = "taxi"
store = "store"

[model.fare]
kind = "ridge"
target = "fare"
features = ["distance"]
data.source = "trips.csv"
split = { by = "random", holdout = 0.2 }
gate.metric = "mae"
keep = { versions = 1, days = 0 }
"""


def opened(store):
    return Registry(store, clock=lambda: datetime.now(UTC), actor="ann", sleep=lambda _: None)


def publish(registry, op, *, branch="", bump="patch"):
    digests = dict.fromkeys(("config", "snapshot", "code"), story.WRITING["DIGEST"])
    claim = registry.begin("fare", op=op, bump=bump, label="aff1242", branch=branch, **digests)
    files = story.WRITING["FILES"]
    manifest = story.WRITING["manifest_of"]("fare", claim.version, files)
    registry.publish("fare", claim, files, manifest)
    return claim.version


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Four versions on main and one on a branch; the third is in production."""
    (tmp_path / "keepfit.toml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    registry = opened(LocalStore(tmp_path / "store"))
    names = [publish(registry, f"op-{number}") for number in range(4)]
    publish(registry, "faster", branch="faster")
    registry.promote("fare", names[2], "production", expect=None, how="gate")
    return tmp_path


@pytest.fixture
def keepfit(project, capsys):
    """Runs a verb; the exit code, and what it printed, parsed where it is JSON."""

    def run(*arguments):
        try:
            main([*arguments])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        out = capsys.readouterr().out
        return code, json.loads(out) if "--json" in arguments and out else out

    return run


@pytest.fixture
def branches(project):
    """Git, with a branch `faster` beside main."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*arguments):
        names = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", *names, *arguments], cwd=project, capture_output=True, check=True)

    git("init", "--quiet")
    git("add", "keepfit.toml")
    git("commit", "--quiet", "-m", "first")
    git("branch", "-M", "main")
    git("branch", "faster")
    return git


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_gc_shows_what_stays_and_goes_and_why_and_does_nothing(keepfit, project, branches):
    before = snapshot(project / "store")
    code, told = keepfit("gc")
    assert code == 0
    for line in (
        "1.0.2-aff1242  production points at it",
        "1.0.3-aff1242  it is one of the newest 1",
        "1.0.4-aff1242  its branch faster is still there",
        "no rule keeps it",
        "Nothing was deleted. To do it: keepfit gc --yes",
    ):
        assert line in told
    assert snapshot(project / "store") == before


def test_gc_deletes_with_yes_and_undelete_has_it_back(keepfit, branches):
    code, told = keepfit("gc", "--yes", "--json")
    removed = told["models"]["fare"]
    assert code == 0
    assert [(one["what"], one["name"]) for one in removed] == [
        ("tombstone", "1.0.0-aff1242"),
        ("tombstone", "1.0.1-aff1242"),
    ]
    _, listed = keepfit("list", "--json")
    assert [row["version"][:5] for row in listed] == ["1.0.4", "1.0.3", "1.0.2"]
    assert keepfit("show", "fare@1.0.0")[0] == 3
    assert re.search(
        r"had back until 20\d\d-\d\d-\d\d \d\d:\d\d UTC$", keepfit("gc")[1], re.MULTILINE
    )
    assert keepfit("undelete", "fare@1.0.0")[0] == 0
    assert keepfit("undelete", "fare@1.0.1")[0] == 0
    _, listed = keepfit("list", "--json")
    assert len(listed) == 5
    _, told = keepfit("history", "fare")
    assert "deleted" in told
    assert "undeleted" in told


def test_a_pin_keeps_a_version_and_unpin_ends_that(keepfit, branches):
    assert keepfit("pin", "fare@1.0.0", "--reason", "in the paper")[0] == 0
    _, told = keepfit("gc", "--json")
    assert told["models"]["fare"]["kept"]["1.0.0-aff1242"] == "it is pinned: in the paper"
    assert keepfit("unpin", "fare@1.0.0")[0] == 0
    _, told = keepfit("gc", "--json")
    assert "1.0.0-aff1242" not in told["models"]["fare"]["kept"]


def test_the_versions_of_a_branch_go_when_the_branch_is_deleted(keepfit, branches):
    branches("branch", "-D", "faster")
    _, told = keepfit("gc", "--json")
    names = [one["name"] for one in told["models"]["fare"]["removals"]]
    assert "1.0.4-aff1242" in names


def test_without_git_the_versions_of_all_branches_stay(keepfit):
    _, told = keepfit("gc", "--json")
    assert told["models"]["fare"]["kept"]["1.0.4-aff1242"] == "its branch faster is still there"


def test_list_tells_the_branches_apart(keepfit):
    for branch, numbers in (("faster", ["1.0.4"]), ("main", ["1.0.3", "1.0.2", "1.0.1", "1.0.0"])):
        _, rows = keepfit("list", "--branch", branch, "--json")
        assert [row["version"][:5] for row in rows] == numbers
        assert {row["branch"] for row in rows} == {branch}
    assert "faster" in keepfit("list")[1]


def test_gc_of_an_empty_store_has_nothing_to_do_and_makes_none(tmp_path, monkeypatch, capsys):
    (tmp_path / "keepfit.toml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    main(["gc"])
    assert "Nothing to delete" in capsys.readouterr().out
    assert not (tmp_path / "store").exists()


def test_an_unknown_version_or_model_is_told_with_what_there_is(keepfit, capsys):
    assert keepfit("gc", "fair")[0] == 2
    assert keepfit("undelete", "fare@9.9.9")[0] == 2


def test_the_five_that_a_stage_held_before_stay():
    registry = opened(MemoryStore())
    names = [publish(registry, f"op-{number}") for number in range(8)]
    expect = None
    for name in names:
        state = registry.promote("fare", name, "production", expect=expect, how="gate")
        expect = state.stages["production"].seq
    why = why_kept(state, Rules(Keep(versions=0, days=0)))
    told = [why(state.versions[name]) for name in names]
    assert told[:2] == [None, None]
    assert told[2:7] == ["production held it before"] * 5
    assert told[7] == "production points at it"


def test_the_newest_are_told_by_number_and_branches_do_not_count_among_them():
    registry = opened(MemoryStore())
    names = [publish(registry, f"op-{number}") for number in range(3)]
    publish(registry, "branch", branch="faster", bump="major")
    why = why_kept(registry.state("fare"), Rules(Keep(versions=2, days=0), frozenset()))
    kept = [name for name, held in registry.state("fare").versions.items() if why(held)]
    assert kept == names[1:]


def test_days_are_kept_by_the_store_s_clock():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    registry = opened(MemoryStore(clock=lambda: now))
    publish(registry, "op")
    rules = Rules(Keep(versions=0, days=30))
    now += timedelta(days=29)
    assert not survey(registry, "fare", rules).removals
    now += timedelta(days=1)
    assert [removal.what for removal in survey(registry, "fare", rules).removals] == ["tombstone"]


def test_help_of_the_verbs_loads_nothing_heavy():
    code = """
import sys
from keepfit.cli import main
try:
    main(["gc", "--help"])
except SystemExit:
    pass
print(*sys.modules)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "keepfit.cli.collect" in out.stdout.split()
    assert not {"numpy", "polars", "pydantic", "msgspec"} & set(out.stdout.split())


def test_a_version_of_a_branch_hides_none_of_main(keepfit, project):
    registry = opened(LocalStore(project / "store"))
    assert publish(registry, "wider", branch="wider", bump="minor").startswith("1.1.0-")

    def resolved(text):
        return registry.resolve(Reference.parse(f"fare@{text}"), ("production",)).version

    for text in ("1.0", "1", "latest", "aff1242"):
        assert resolved(text) == "1.0.3-aff1242", text
    assert resolved("1.0.4") == "1.0.4-aff1242"
    assert resolved("1.1") == "1.1.0-aff1242"  # main has none of these


def test_list_of_a_branch_that_trained_nothing_says_so(keepfit):
    assert "No version was trained on the branch fastr." in keepfit("list", "--branch", "fastr")[1]


def test_a_model_that_the_file_no_longer_declares_is_told_and_can_be_looked_at(keepfit, project):
    (project / "keepfit.toml").write_text(PROJECT.replace("model.fare", "model.cost"))
    before = snapshot(project / "store")
    assert "fare: keepfit.toml has no such model, so all of it stays" in keepfit("gc")[1]
    assert keepfit("gc", "--json")[1]["undeclared"] == ["fare"]
    assert keepfit("gc", "fare", "--yes")[0] == 2
    assert keepfit("gc", "--yes")[0] == 0
    assert snapshot(project / "store") == before
    assert "1.0.3-aff1242" in keepfit("list", "fare")[1]
    assert "published" in keepfit("history", "fare")[1]
    assert keepfit("live", "fare", "--at", "2100-01-01")[1].endswith("1.0.2-aff1242\n")
    assert keepfit("list", "fair")[0] == 2
