"""The life of a model that reads sentences by the model of a folder."""

import shutil
import sys
import time

import pytest

pytest.importorskip("tokenizers", reason="the extra `embeddings` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `embeddings` is not installed")
pytest.importorskip("onnx", reason="the extra `onnx` is not installed")

import sentence_models

from keepfit.data.files.statcache import StatCache
from keepfit.digest import sha256
from keepfit.errors import ConfigError, SourceError, UserError
from keepfit.export.context import context_of
from keepfit.lifecycle.assets import lay_out_assets
from keepfit.lifecycle.check import check_model
from keepfit.lifecycle.collect import made_again
from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild

FOLDER = "models/small"


@pytest.fixture
def texts(life):
    """The houses, whose gardens are told by their districts."""
    life.change('kind     = "ridge"', 'kind     = "text-classifier"')
    life.change('target   = "price"', 'target   = "garden"')
    life.change(
        '"area_m2", "rooms", "age_years", "district", "garden"]',
        '"district"]',
    )
    life.change("alpha = 0.1", f'embeddings = "{FOLDER}"\nwords = 0\ncharacters = []')
    life.change('metric = "mae"\nrules  = [{ metric = "mae", max = 20000 }]', "")
    sentence_models.write(life.root / FOLDER, sentence_models.files())
    return life


def problems(life):
    return [f"{one.key} {one.message}" for one in check_model(life.project, life.name)]


def rebuilt(life):
    version = life.state.newest
    return rebuild(version, life.name, life.ports(), Scene(life.root, any_environment=True))


def files_in(folder):
    return [str(file) for file in folder.rglob("*") if file.is_file()]


def opened(work):
    """The files that are opened by this process while it works."""
    names, listening = [], [True]

    def hear(event, arguments):
        if listening and event == "open":
            names.append(str(arguments[0]))

    sys.addaudithook(hear)  # which nobody can take away again
    work()
    listening.clear()
    return names


def another(life):
    """The folder holds another network from now on."""
    changed = sentence_models.files(sentence_models.weights(seed=6))
    sentence_models.write(life.root / FOLDER, changed)


def test_the_folder_travels_with_the_version(texts):
    assert problems(texts) == []
    texts.first_champion()
    opened = texts.open("production")
    files = sentence_models.files()
    assert opened.manifest.recipe.code.assets == {
        f"{FOLDER}/{name}": sha256(data) for name, data in files.items()
    }
    assert opened.manifest.recipe.code.files == {}
    held = {file.path: file.sha256 for file in opened.manifest.files}
    assert all(held[f"model/embeddings/{name}"] == sha256(data) for name, data in files.items())


def test_it_answers_and_is_made_again_without_the_folder(texts):
    texts.first_champion()
    shutil.rmtree(texts.root / "models")
    model = texts.open("production").predictor.fitted
    assert model.describe()["embeddings"] == FOLDER
    assert rebuilt(texts).outcome == "IDENTICAL"


def test_another_network_makes_it_due_and_leaves_the_champion_as_it_is(texts):
    texts.first_champion()
    assert texts.plan().status == "fresh"
    before = texts.open("production").predictor.fitted.save()
    another(texts)
    planned = texts.plan()
    assert (planned.status, planned.bump) == ("due", "minor")
    assert planned.reasons == (f"embeddings changed: {FOLDER}/model.onnx (minor version)",)
    assert texts.open("production").predictor.fitted.save() == before
    assert rebuilt(texts).outcome == "IDENTICAL"
    texts.retrained()
    assert rebuilt(texts).outcome == "IDENTICAL"
    assert texts.state.newest.code != texts.open("production").state.code


def test_a_plan_reads_no_file_of_a_folder_that_has_not_changed(texts):
    texts.cache = StatCache(now=lambda: time.time_ns() + 10**10)  # the files are ten seconds old
    texts.first_champion()
    assert not {*opened(texts.plan)} & {*files_in(texts.root / FOLDER)}
    (texts.root / FOLDER / "model.onnx").touch()
    assert str(texts.root / FOLDER / "model.onnx") in opened(texts.plan)
    assert texts.plan().status == "fresh"
    another(texts)
    assert texts.plan().reasons == (f"embeddings changed: {FOLDER}/model.onnx (minor version)",)


def test_a_missing_folder_is_named_by_check_and_by_the_training(texts):
    texts.first_champion()
    shutil.rmtree(texts.root / FOLDER)
    told = f"there is no folder {FOLDER}"
    assert problems(texts)[0].startswith(f"model.price.params.embeddings is '{FOLDER}': {told}")
    assert texts.plan().status == "due"
    with pytest.raises(UserError, match=told):
        texts.run()


def test_a_file_that_is_not_what_is_needed_is_named_by_check(texts):
    (texts.root / FOLDER / "config.json").unlink()
    (told,) = problems(texts)
    assert f"{FOLDER} has no config.json" in told
    sentence_models.write(texts.root / FOLDER, {"config.json": b"{}", "model.onnx": b"none"})
    (told,) = problems(texts)
    assert f"{FOLDER}/model.onnx cannot be loaded" in told


def test_a_recipe_keeps_what_was_learned_with(texts):
    texts.first_champion()
    kept = [f.path for f in texts.open("production").manifest.files if not made_again(f.path)]
    assert {"model/embeddings/model.onnx", "model/embeddings/tokenizer.json"} <= {*kept}
    assert "model/sentences.npy" not in kept


def test_what_a_version_lacks_is_taken_from_the_project_if_it_is_still_the_same(texts, tmp_path):
    texts.first_champion()
    manifest = texts.open("production").manifest
    lay_out_assets(manifest, {}, texts.root, tmp_path / "laid out")
    for name, data in sentence_models.files().items():
        assert (tmp_path / "laid out" / FOLDER / name).read_bytes() == data
    another(texts)
    with pytest.raises(SourceError, match=rf"{FOLDER}/model.onnx .* is another file by now"):
        lay_out_assets(manifest, {}, texts.root, tmp_path / "again")
    shutil.rmtree(texts.root / FOLDER)
    with pytest.raises(SourceError, match=rf"{FOLDER}/\S+ .* is not there any more"):
        lay_out_assets(manifest, {}, texts.root, tmp_path / "again")


def test_an_image_that_trains_has_the_folder(texts):
    files = context_of(texts.project).files
    assert files[f"project/{FOLDER}/model.onnx"] == sentence_models.files()["model.onnx"]


def test_a_model_for_each_value_has_no_copy_each(texts):
    texts.change('"district"]', '"district", "garden_of"]\nper      = "garden_of"')
    with pytest.raises(ConfigError, match=r"params\.embeddings is beside `per`"):
        texts.project  # noqa: B018 reading it is what fails
