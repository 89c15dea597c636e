"""The training half as SageMaker runs it: a process over a tree."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import polars as pl
import pytest

from keepfit.store.open import open_store
from keepfit.store.registry import Registry

PROJECT = """\
[project]
name = "wood"

[model.trees]
kind = "logistic"
target = "species"
features = ["height", "girth"]

[model.trees.data]
source = "nowhere.csv"
"""
NAMES = ["species", "height", "girth"]


def registry(store):
    return Registry(open_store(str(store)), clock=lambda: datetime.now(UTC), actor="test")


def test_the_public_sample_gives_the_labels_that_it_is_known_for(bare, contract):
    """Ten setosa, ten versicolor, nine virginica; resourceConfig.json has no byte there."""
    sample = json.loads((contract / "hyperparameters.json").read_text())
    bare.hyperparameters(**sample, **bare.DECISIONS)
    bare.file("input/config/resourceConfig.json", "")
    bare.channel("training", (contract / "iris.csv").read_bytes(), file="iris.csv")
    bare.succeeded(bare.process())
    opened = bare.opened()
    names = [column.name for column in opened.predictor.schema]
    assert names == ["x1", "x2", "x3", "x4"]
    rows = pl.read_csv(contract / "payload.csv", has_header=False, new_columns=names)
    said = opened.predictor.predict(rows).values.to_list()
    assert said == ["setosa"] * 10 + ["versicolor"] * 10 + ["virginica"] * 9


def test_the_log_ends_with_metrics_and_the_version(container):
    done = container.must_train(TRAINING_JOB_NAME="trees-7")
    *lines, last = done.out.splitlines()
    version = container.opened().state.version
    assert last == f"job trees-7: model {version}  in {container.tree.model}"
    metrics = [line for line in lines if re.fullmatch(r"metric [\w-]+=[-+.e\d]+;", line)]
    assert lines[-len(metrics) :] == metrics
    assert any(line.startswith("metric accuracy=") for line in metrics)


def test_a_project_and_hyperparameters_alone_make_the_same_bytes(container):
    """There is one way from rows to a model, however it was declared."""
    container.must_train()
    alone = container.opened().manifest.candidate
    (container.folder / "keepfit.toml").write_text(
        PROJECT.replace('"logistic"', '"sklearn"')
        .replace("species", "target")
        .replace('"height", "girth"', '"x1", "x2"')
    )
    container.hyperparameters(estimator=container.DECISIONS["estimator"])
    container.must_train()
    declared = container.opened().manifest.candidate
    assert declared.model == "trees"
    assert declared.digest == alone.digest


def test_hyperparameters_reach_every_key_of_the_projects_model(container):
    (container.folder / "keepfit.toml").write_text(PROJECT)
    container.hyperparameters(
        C="0.5", split__seed="3", gate__metrics='["accuracy"]', params='{"max_iter": 50}'
    )
    container.must_train()
    spec = container.opened().spec
    assert (spec.params["C"], spec.params["max_iter"], spec.split.seed) == (0.5, 50, 3)
    assert spec.gate.metrics == ("accuracy",)


def test_of_several_models_the_job_names_one(container):
    (container.folder / "keepfit.toml").write_text(
        PROJECT + PROJECT.partition("\n\n")[2].replace("trees", "bushes")
    )
    container.hyperparameters()
    assert container.train().code == 2
    assert "has 2 models: trees, bushes" in container.failure
    assert "keepfit.model" in container.failure
    container.must_train(KEEPFIT_MODEL="trees")
    assert container.opened().spec.name == "trees"
    container.hyperparameters(keepfit__model="bushes")
    container.must_train(KEEPFIT_MODEL="trees")
    assert container.opened().spec.name == "bushes"
    assert container.train("--model", "shrubs").code == 2
    assert "there is no model `shrubs`" in container.failure


def test_every_name_that_nobody_knows_is_told_at_once(container):
    container.hyperparameters(kind="logistic", CC="1", splitt__seed="1", gate__metrik="x")
    container.channel("validaton", container.csv_of(container.flowers(0, 9)))
    done = container.train()
    assert done.code == 2
    for text in (container.failure, done.err):
        for word in ("`C`", "`split`", "`metric`", "`validation`"):
            assert f"Did you mean {word}?" in text
    assert container.failure.startswith("4 problems, the first: hyperparameters.json: CC is not")
    assert not container.tree.model.exists()


def test_nothing_at_all_is_answered_with_what_there_must_be(bare):
    done = bare.train()
    assert done.code == 2
    assert "kind is not there" in bare.failure
    assert "expected one named training" in bare.failure


def test_a_channel_to_judge_on_is_what_is_judged_on(container):
    container.channel("training", container.csv_of(container.flowers(0, 120)))
    container.channel("test", container.csv_of(container.flowers(120, 150)))
    container.must_train()
    split = container.opened().manifest.candidate.split
    assert (split.by, split.train, split.holdout) == ("file", 120 - split.shared, 30)


@pytest.mark.parametrize("form", ["files", "gzip", "header", "jsonl", "parquet"])
def test_rows_come_in_many_forms_and_are_the_same_rows(container, form):
    rows = list(container.flowers())
    container.must_train()
    expected = container.opened().manifest.candidate
    shutil.rmtree(container.tree.data)
    frame = pl.DataFrame(rows, schema=["target", "x1", "x2"], orient="row")
    if form == "files":
        for part in range(3):
            text = container.csv_of(rows[part * 50 : part * 50 + 50])
            container.channel("training", text, file=f"{'abc'[part]}/part.csv")
    elif form == "gzip":
        container.channel("train", gzip.compress(container.csv_of(rows).encode()), file="a.csv.gz")
    elif form == "header":
        container.channel("train", frame.write_csv(), ContentType="text/csv;header=present")
    elif form == "jsonl":
        container.channel("train", frame.write_ndjson(), file="a.json")
    else:
        (container.tree.data / "train").mkdir(parents=True)
        frame.write_parquet(container.tree.data / "train" / "a.parquet")
    container.must_train()
    assert container.opened().manifest.candidate.digest == expected.digest


def test_columns_are_named_where_a_model_reads_more_than_label_and_features(container):
    project = PROJECT.replace('source = "nowhere.csv"', 'source = "nowhere.csv"\nkey = ["id"]')
    (container.folder / "keepfit.toml").write_text(project)
    rows = [(i, *row) for i, row in enumerate(container.flowers())]
    container.channel("training", container.csv_of(rows))
    container.hyperparameters()
    assert container.train().code == 2
    assert "the model reads more: `id`" in container.failure
    assert "keepfit.columns" in container.failure
    container.hyperparameters(keepfit__columns="id,species,height,girth")
    container.must_train()
    assert [column.name for column in container.opened().predictor.schema] == ["height", "girth"]


def test_sources_with_names_are_channels_of_the_same_names(container):
    (container.folder / "keepfit.toml").write_text(
        PROJECT.replace('kind = "logistic"', 'kind = "ridge"')
        .replace('target = "species"', 'target = "girth"')
        .replace('["height", "girth"]', '["height", "rain"]')
        .replace(
            'source = "nowhere.csv"',
            'query = "SELECT * FROM trees JOIN sites USING (site)"\n'
            '[model.trees.data.source]\ntrees = "trees.csv"\nsites = "sites.csv"',
        )
    )
    container.hyperparameters(keepfit__header="present")
    shutil.rmtree(container.tree.data)
    rows = [(i % 5, height, girth) for i, (_, height, girth) in enumerate(container.flowers())]
    container.channel("trees", "site,height,girth\n" + container.csv_of(rows))
    container.channel("sites", "site,rain\n" + container.csv_of((i, 10 + i) for i in range(5)))
    container.must_train()
    assert {part.source for part in container.opened().manifest.recipe.snapshot.parts} == {
        "trees",
        "sites",
    }


def test_what_the_gate_refuses_is_not_left_as_a_model(container):
    container.hyperparameters(
        **container.DECISIONS, gate__rules='[{"metric": "accuracy", "min": 0.999}]'
    )
    done = container.train()
    assert done.code == 3
    assert container.failure.startswith("model 1.0.0-")
    assert "was refused by the gate: accuracy" in container.failure
    assert "metric accuracy=" in done.out
    assert done.out.rstrip().endswith("no model was left")
    assert not container.tree.model.exists()
    assert not container.tree.scratch.exists()


def test_rows_that_cannot_be_read_are_a_matter_of_the_source(container):
    container.channel("training", b"PAR1 and nothing", file="z.parquet")
    assert container.train().code == 4
    assert "z.parquet" in container.failure


def test_a_job_that_succeeds_takes_back_what_one_before_it_said(container):
    container.hyperparameters(kind="no-kind")
    assert container.train().code == 2
    assert "no-kind" in container.failure
    container.hyperparameters(**container.DECISIONS)
    container.must_train()


def test_a_model_folder_that_is_there_and_empty_is_filled(container):
    container.tree.model.mkdir()
    container.must_train()
    assert container.opened()


def test_a_model_folder_with_other_things_is_not_touched(container):
    container.file("model/notes.txt", "mine")
    assert container.train().code == 2
    assert "notes.txt" in container.failure
    assert [file.name for file in container.tree.model.iterdir()] == ["notes.txt"]


def test_a_store_that_is_named_gets_the_version_too(container, tmp_path):
    store = tmp_path / "store"
    first = container.must_train(KEEPFIT_STORE=str(store), TRAINING_JOB_NAME="a")
    version = container.opened().state.version
    state = registry(store).state("model")
    assert list(state.versions) == [version]
    assert state.stages["staging"].version == version
    assert "there is no champion" in first.out
    assert container.opened().state.manifest == state.versions[version].manifest
    again = container.must_train(KEEPFIT_STORE=str(store), TRAINING_JOB_NAME="b")
    assert list(registry(store).state("model").versions) == [version]
    assert again.out.splitlines()[-1].startswith(f"job b: model {version}")


def test_the_champion_of_the_store_is_what_a_challenger_meets(container, tmp_path):
    store, settings = tmp_path / "store", {**container.DECISIONS, "gate.metric": "accuracy"}
    container.hyperparameters(**settings)
    container.must_train(KEEPFIT_STORE=str(store))
    container.channel("training", container.csv_of(container.flowers(0, 600)))
    container.hyperparameters(**settings, max_depth="1")
    done = container.train(KEEPFIT_STORE=str(store))
    assert done.code == 3, done.out
    assert len(registry(store).state("model").versions) == 2
    assert registry(store).state("model").stages["staging"].version.startswith("1.0.0-")


def test_no_secret_is_in_the_failure_or_the_log(container):
    project = PROJECT.replace(
        'source = "nowhere.csv"',
        'source = { sql = "SELECT \'${MY_TOKEN}\'", uri = "${WAREHOUSE}" }',
    )
    (container.folder / "keepfit.toml").write_text(project)
    shutil.rmtree(container.tree.data)
    container.hyperparameters()
    place = "postgresql://ana:canary-geheim@127.0.0.1:1/db"
    done = container.train(WAREHOUSE=place, MY_TOKEN="canary-token")
    assert done.code in (2, 4)
    for text in (done.out, done.err, container.failure):
        assert "canary" not in text


SLOW = """\
import os, time
from pathlib import Path

HERE = Path(__file__).parent

def same(rows):
    (HERE / f"began-{os.getpid()}").touch()
    while True:
        time.sleep(0.02)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_sigterm_ends_a_job_in_time_with_the_reason(container):
    (container.folder / "keepfit.toml").write_text(
        PROJECT.replace('"nowhere.csv"', '"nowhere.csv"\ntransform = "slow:same"')
    )
    (container.folder / "slow.py").write_text(SLOW)
    container.hyperparameters(keepfit__columns="species,height,girth")
    running = subprocess.Popen(
        container.command("train"),
        cwd=container.folder,
        env=container.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while len(began := list(container.folder.glob("began-*"))) < 2:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    told = time.monotonic()
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=120)
    assert time.monotonic() - told < 30
    assert running.returncode == 143
    assert "Traceback" not in err
    assert container.failure == "stopped by SIGTERM before a model was written"
    assert not container.tree.model.exists()
    assert not container.tree.scratch.exists()
    for file in began:
        with pytest.raises(ProcessLookupError):
            os.kill(int(file.name.removeprefix("began-")), 0)
