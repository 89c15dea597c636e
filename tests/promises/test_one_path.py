"""One path from a row to a prediction: training, files and HTTP say the same, for every kind."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from keepfit.names import Reference
from keepfit.serve.answer import Predicted, written
from keepfit.serve.follow import Stage
from keepfit.serve.media import Media
from keepfit.serve.options import Options
from keepfit.store.open import open_store
from keepfit.store.registry import Registry

pytestmark = pytest.mark.slow

KINDS = runpy.run_path(str(Path(__file__).with_name("test_kinds.py")))
CASES, rows = KINDS["CASES"], KINDS["rows"]
STAGES = ("development", "staging", "production")
MODEL = """
[model.{name}]
kind = "{kind}"
target = "{target}"
features = {features}
encode = {{ categorical = {categorical} }}
split = {{ by = "random", holdout = 0.3 }}
data = {{ source = "rows.csv", key = ["id"], types = {{ code = "text" }}{more} }}
params = {{ {params} }}
promote = {{ production = "auto" }}
{per}
"""
# What a row goes through before the model sees it: SQL, and a function of the project's own.
STEPS = {
    "plain": "",
    "derived": ', derive = { age = "age + 1", size = "CASE WHEN flag THEN size ELSE -size END" }',
    "transformed": ', transform = "steps:change"',
    "fleet": "",
    "cleaned": ", text = { note = { lower = true, singular = true, vague = ['red of red of'] } }",
    "cleaned-transformed": (
        ", text = { note = { negations = ['of'] }, colour = { remove = ['re'] } }"
        ', transform = "steps:change"'
    ),
}
CHANGE = """
import polars as pl


def change(rows):
    return rows.with_columns(size=pl.col("size") * pl.col("age"))
"""
OF_NUMBERS = ("ridge", "logistic, three classes")
OF_TEXTS = ("texts of two columns, two classes", "texts of codes")
NAMES = {
    f"{step}-{case}".replace(" ", "-").replace(",", ""): (step, case)
    for step in STEPS
    for case in (CASES if step == "plain" else OF_TEXTS if "cleaned" in step else OF_NUMBERS)
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A model of every kind and every way into it, each with a version in production."""
    for package in ("sklearn", "catboost", "lightgbm", "torch", "tokenizers", "onnx"):
        pytest.importorskip(package)
    root = tmp_path_factory.mktemp("one-path")
    rows(300, seed=3).with_row_index("id").write_csv(root / "rows.csv")
    (root / "steps.py").write_text(CHANGE)
    shutil.copy(Path(__file__).with_name("own_kinds.py"), root)  # what kind `python` names
    shutil.copytree(KINDS["sentences"](), root, dirs_exist_ok=True)
    models = [model(name, *which) for name, which in NAMES.items()]
    (root / "keepfit.toml").write_text('[project]\nname = "one"\n' + "".join(models))
    keepfit(root, "run")
    return root


def model(name, step, case):
    kind, params, target, features = CASES[case]
    return MODEL.format(
        name=name,
        kind=kind,
        target=target,
        features=json.dumps(features),
        categorical=json.dumps(["zone"] if "zone" in features else []),
        more=STEPS[step],
        per='per = "colour"' if step == "fleet" else "",
        params=", ".join(f"{key} = {json.dumps(value)}" for key, value in params.items()),
    )


def keepfit(root, *arguments):
    plain = {name: text for name, text in os.environ.items() if not name.startswith("KEEPFIT")}
    command = [sys.executable, "-m", "keepfit", *arguments]
    done = subprocess.run(command, cwd=root, env=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_training_files_and_http_say_the_same_of_the_same_rows(project, name):
    registry = Registry(
        open_store(str(project / "store")), clock=lambda: datetime.now(UTC), actor="test"
    )
    served = Stage(registry, Reference.parse(f"{name}@production"), STAGES, project).load()
    proof = served.fetched.manifest.proof
    examples = [dict(example) for example in proof.examples]
    assert len(examples) > 5
    trained = [
        value if isinstance(value, (list, tuple)) else [value] for value in proof.predictions
    ]
    said = by_file(project, name, examples)
    assert [row["prediction"] for row in said] == [value[0] for value in trained]
    chances = [[row[f"probability_{c}"] for c in served.classes] for row in said]
    assert chances == [list(value[1]) if served.classes else [] for value in trained]
    exact = by_http(served, examples, compiled=False)
    assert exact == said_as_http(served, said)
    if served.compiled:
        close = by_http(served, examples, compiled=True)
        for quick, slow in zip(close, exact, strict=True):
            assert quick.keys() == slow.keys()
            for said_, exactly in zip(quick.values(), slow.values(), strict=True):
                if isinstance(exactly, float):
                    assert said_ == pytest.approx(exactly, rel=1e-9, abs=1e-9)
                else:
                    assert said_ == exactly


def test_linear_kinds_have_a_compiled_path_and_what_is_derived_has_none(project):
    registry = Registry(
        open_store(str(project / "store")), clock=lambda: datetime.now(UTC), actor="test"
    )
    compiled = {
        name: Stage(registry, Reference.parse(f"{name}@production"), STAGES, project)
        .load()
        .compiled
        for name in (
            "plain-ridge",
            "plain-logistic-two-classes",
            "derived-ridge",
            "transformed-ridge",
        )
    }
    assert [bool(path) for path in compiled.values()] == [True, True, False, False]


def by_file(project, name, examples):
    """What `keepfit predict` writes of the rows."""
    source, target = project / f"{name}.jsonl", project / f"{name}.out.parquet"
    source.write_text("".join(json.dumps(example) + "\n" for example in examples))
    keepfit(project, "predict", f"{name}@production", source.name, target.name, "--overwrite")
    return pl.read_parquet(target).to_dicts()


def by_http(served, examples, *, compiled):
    """What the server answers, from bytes to bytes."""
    door = served.read(json.dumps(examples).encode(), Media("json"), header=True)
    said: Predicted = served.predict(door.values) if compiled else served.predict_exactly(door)
    options = Options(probabilities=bool(served.classes))
    answer = json.loads(written(said, options, Media("json"), served.version))["predictions"]
    return answer if served.classes else [{"prediction": value} for value in answer]


def said_as_http(served, said):
    names = ["prediction", *(f"probability_{c}" for c in served.classes)]
    return [{name: row[name] for name in names} for row in said]
