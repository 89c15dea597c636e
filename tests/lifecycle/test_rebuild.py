"""A version made again: the same, equal, or different with the cause named."""

import os
import shutil

import pytest

from keepfit.errors import Refused, SourceError, SystemFailure
from keepfit.lifecycle.collect import Rules, collect, survey
from keepfit.lifecycle.doctor import Visit, examine
from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild, restore
from keepfit.store.backends.local import LocalStore
from keepfit.train.worker import Trainer

PLAIN = """
import polars as pl
def change(rows):
    return rows.with_columns(extra=pl.col("rooms") * 2)
"""

LEAKY = """
import os
import polars as pl
def change(rows):
    rate = float(os.environ.get("RATE", "2"))
    return rows.with_columns(extra=pl.col("rooms") * rate + pl.col("age_years"))
"""


def made_again(life, version=None, **scene):
    """What a rebuild of a version, else of the newest, says."""
    state = life.state
    row = state.versions[version] if version else state.newest
    return rebuild(row, life.name, life.ports(), Scene(life.root, **scene))


def transforming(life, code):
    life.change("clean  =", 'transform = "steps:change"\nclean  =')
    life.change('"garden"]', '"garden", "extra"]')
    life.code("steps", code)


def test_a_version_made_again_is_identical_byte_for_byte(life):
    transforming(life, PLAIN)
    life.retrained()
    before = life.tree()
    rebuilt = made_again(life)
    assert (rebuilt.outcome, rebuilt.differs) == ("IDENTICAL", ())
    assert (rebuilt.files, rebuilt.code) == (2, "1 stored file")
    assert "which is the recorded one" in rebuilt.environment
    assert life.tree() == before


def test_the_rows_of_early_stopping_are_made_again_as_well(life):
    life.change('holdout = "2 months"', 'holdout = "2 months"\nvalidation = "1 month"')
    life.retrained()
    rebuilt = made_again(life)
    assert (rebuilt.outcome, rebuilt.files) == ("IDENTICAL", 3)  # the model, its rows, those of it


def test_it_is_made_from_what_was_stored_whatever_the_project_says_by_now(life):
    transforming(life, PLAIN)
    first = life.retrained().version
    life.change("alpha = 0.1", "alpha = 7.0")
    life.code("steps", PLAIN.replace("* 2", "* 3"))
    for file in (life.root / "data").iterdir():
        file.unlink()
    assert made_again(life, first).outcome == "IDENTICAL"


def test_rows_that_the_store_lost_come_from_their_source_if_it_has_the_very_bytes(life):
    life.retrained()
    shutil.rmtree(life.root / "store" / "m" / "price" / "p")
    rebuilt = made_again(life)
    assert rebuilt.outcome == "IDENTICAL"
    assert "10 from their source" in rebuilt.data
    (life.root / "data" / "houses-2024-03.csv").write_text("changed\n")
    with pytest.raises(SourceError, match=r"houses-2024-03.csv .* neither the store nor") as gone:
        made_again(life)
    assert "backup" in gone.value.hint


def test_an_environment_that_cannot_be_made_is_told_with_what_uv_said(life, monkeypatch):
    life.retrained()
    monkeypatch.setattr("keepfit.train.interpreter.is_here", lambda _: False)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    with pytest.raises(SystemFailure, match="recorded environment cannot be made; uv says") as said:
        made_again(life)
    assert "--here" in said.value.hint
    assert made_again(life, any_environment=True).outcome == "IDENTICAL"


# --- collected to a recipe, and restored ---------------------------------------------------------


@pytest.fixture
def reduced(life):
    """The first of two versions, whose bytes were kept aside, after gc has left its recipe."""
    life.add('[model.price.keep]\nversions = 1\ndays = 0\nrecipes = "10 years"')
    life.change("max = 20000", "max = 1")  # the gate refuses all: no stage needs any
    transforming(life, LEAKY)
    life.retrained()
    first = life.state.newest
    before = version_files(life, first)
    life.months(11)
    life.retrained()
    assert [one.removal.what for one in gc(life)] == ["tombstone"]
    age(life, days=8)
    (done,) = gc(life)
    assert (done.removal.what, done.refused) == ("reduce", None)
    return first.version, before, done


def gc(life):
    registry = life.registry()
    seen = survey(registry, "price", Rules(life.model.spec.keep, frozenset()))
    return list(collect(registry, seen))


def age(life, days):
    """So many days go by for the store's clock."""
    for file in (life.root / "store").rglob("*"):
        then = file.stat().st_mtime - days * 86400
        os.utime(file, (then, then))


def version_files(life, row):
    """Every file that lies in the version's folder, by its path there."""
    folder = life.root / "store/m/price/v" / row.version / row.attempt
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_a_recipe_is_all_but_what_a_rebuild_makes_again(life, reduced):
    first, before, done = reduced
    left = version_files(life, life.state.versions[first])
    gone = before.keys() - left.keys()
    assert gone == {"model/model.json", "rows.u64"} == set(done.removal.files)
    assert left == {path: data for path, data in before.items() if path not in gone}
    assert done.freed == sum(len(before[path]) for path in gone)
    with pytest.raises(Refused, match="collected to its recipe") as refused:
        life.open(first.partition("-")[0])
    assert "keepfit restore price@1.0.0" in refused.value.hint
    assert gc(life) == []  # its rows stay as well


def test_what_is_left_is_healthy_for_the_doctor(life, reduced):
    (seen,) = examine(LocalStore(life.root / "store"), ["price"], Visit())
    assert (seen.healthy, seen.symptoms) == (True, ())


def test_a_recipe_rebuilds_and_is_restored_to_the_very_bytes(life, reduced):
    first, before, _ = reduced
    assert made_again(life, first).outcome == "IDENTICAL"
    restored = restored_again(life, first)
    row = life.state.versions[first]
    assert (restored.outcome, row.status) == ("IDENTICAL", "live")
    assert version_files(life, row) == before
    assert life.open("1.0.0").manifest.version == first
    swept = [one.removal.what for one in gc(life)]
    assert swept[0] in {"tombstone", "sweep"}  # the old attempt's folder goes
    assert restored_again(life, life.state.newest.version) is None


def restored_again(life, version, **scene):
    row = life.state.versions[version]
    return restore(row, "price", life.ports(), Scene(life.root, **scene))


def test_what_is_not_made_again_byte_for_byte_is_not_restored(life, reduced):
    first, _, _ = reduced
    before = life.tree()
    with pytest.raises(
        Refused, match=r"is DIFFERENT \(the environment: .* RATE.*nothing was restored"
    ):
        restored_again(life, first, start=broken)
    assert life.state.versions[first].status == "recipe"
    assert life.tree() == before


def broken(python, pins):
    """Training processes that find something else in their environment."""
    return Trainer(os.environ | {"RATE": "3"}, python=python, pins=pins)


def test_a_recipe_goes_for_good_when_its_time_is_over(life, reduced):
    first, _, _ = reduced
    life.change('recipes = "10 years"', 'recipes = "1 week"')
    age(life, days=8)
    assert [one.removal.what for one in gc(life)] == ["purge"]
    assert life.state.versions[first].status == "purged"
    with pytest.raises(Refused, match="deleted for good"):
        restored_again(life, first)
