"""A version's ONNX file: published with its evidence, kept with its recipe, and restored."""

import os

import pytest

from keepfit.lifecycle.collect import Rules, collect, made_again, survey
from keepfit.lifecycle.judging.compare import judge_again
from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild, restore

pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
pytest.importorskip("skl2onnx", reason="the extra `onnx` is not installed")

FILE = "compiled/model.onnx"
BOOSTING = 'kind     = "sklearn"'
PARAMS = 'estimator = "sklearn.ensemble.HistGradientBoostingRegressor"\nmax_iter = 9'


@pytest.fixture
def boosted(life):
    """The project with a model of boosted trees, trained once."""
    life.change('kind     = "ridge"', BOOSTING)
    life.change("alpha = 0.1", PARAMS)
    life.add('[model.price.keep]\nversions = 1\ndays = 0\nrecipes = "10 years"')
    life.change("max = 20000", "max = 1")  # the gate refuses all: no stage needs any
    life.retrained()
    return life


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


def files_of(life):
    row = life.state.newest
    return life.registry().files(life.name, row.version, None)


def test_a_file_that_agreed_is_published_beside_the_model(boosted):
    (agreement,) = boosted.judgement().evidence.compiled
    assert (agreement.path, agreement.agreed) == ("onnx", True)
    assert "in ONNX Runtime: " in str(agreement)
    assert FILE in files_of(boosted)
    manifest = boosted.registry().manifest(boosted.name, boosted.state.newest.version)
    assert "model.onnx" not in manifest.candidate.files  # the candidate's digest tells nothing
    again = judge_again(boosted.model, boosted.ports(), boosted.state.newest, None)
    assert again.evidence.compiled == (agreement,)


def test_a_rebuild_does_without_the_extra(boosted, monkeypatch):
    monkeypatch.setattr("keepfit.kinds.onnx.write.find_spec", lambda _: None)
    rebuilt = rebuild(boosted.state.newest, boosted.name, boosted.ports(), Scene(boosted.root))
    assert rebuilt.outcome == "IDENTICAL"


def test_a_rebuild_cannot_make_the_file_so_a_recipe_keeps_it():
    assert not made_again(FILE)


def test_where_the_outputs_do_not_agree_no_file_is_published(life, monkeypatch):
    monkeypatch.setattr("keepfit.train.agreement.BOUND", -1.0)
    life.change('kind     = "ridge"', BOOSTING)
    life.change("alpha = 0.1", PARAMS)
    life.retrained()
    (agreement,) = life.judgement().evidence.compiled
    assert not agreement.agreed
    assert FILE not in files_of(life)


def test_a_restored_version_has_its_file_again(boosted, monkeypatch):
    first = boosted.state.newest
    before = version_files(boosted, first)
    boosted.months(11)
    boosted.retrained()
    assert [one.removal.what for one in gc(boosted)] == ["tombstone"]
    age(boosted, days=8)
    (done,) = gc(boosted)
    assert FILE not in done.removal.files
    monkeypatch.setattr("keepfit.kinds.onnx.write.find_spec", lambda _: None)
    restored = restore(
        boosted.state.versions[first.version], "price", boosted.ports(), Scene(boosted.root)
    )
    assert restored.outcome == "IDENTICAL"
    assert version_files(boosted, boosted.state.versions[first.version]) == before
