"""A server takes the ONNX file of boosted trees where it agreed: no scikit-learn is loaded then."""

import shutil
import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest

from keepfit.errors import Corrupt
from keepfit.lifecycle.open import fetch_version
from keepfit.serve.media import Media
from keepfit.serve.served import Served

pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
pytest.importorskip("skl2onnx", reason="the extra `onnx` is not installed")

FILE = "compiled/model.onnx"
ROWS = (
    b'[{"distance_km": 5, "borough": "queens", "riders": 2},'
    b' {"distance_km": null, "borough": null, "riders": 1}]'
)


@pytest.fixture(scope="module")
def boosted(once_taxi, tmp_path_factory):
    """The project whose newest version is one of boosted trees."""
    root = tmp_path_factory.mktemp("boosted") / "taxi"
    shutil.copytree(once_taxi.root, root)
    taxi = replace(once_taxi, root=root)
    taxi.edit('kind = "ridge"', 'kind = "sklearn"')
    taxi.edit("alpha = 1000.0", 'estimator = "sklearn.ensemble.HistGradientBoostingRegressor"')
    taxi.keepfit("run", "fare")
    return taxi


@pytest.fixture(scope="module")
def fetched(boosted):
    """That version, as it comes from the store."""
    registry = boosted.registry()
    return fetch_version(registry, "fare", registry.state("fare").newest)


def said(served, body=ROWS):
    rows = served.read(body, Media("json"), header=False)
    assert served.quick(rows)
    return served.predict(rows.values), served.predict_exactly(rows)


def test_it_answers_by_the_file_as_exactly_as_it_was_compared(fetched, tmp_path):
    served = Served(fetched, tmp_path)
    quick, exact = said(served)
    assert quick.values == pytest.approx(exact.values, rel=1e-9)
    served.warm()
    assert served.predict([]).values == []


def test_a_start_needs_neither_frames_nor_scikit_learn(boosted):
    code = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from keepfit.lifecycle.open import fetch_version, needed_to_predict
from keepfit.serve.served import Served
from keepfit.store.open import open_store
from keepfit.store.registry import Registry
registry = Registry(open_store("store"), clock=lambda: datetime.now(UTC), actor="test")
version = registry.state("fare").newest
served = Served(fetch_version(registry, "fare", version, wanted=needed_to_predict), Path())
served.warm()
print(served.compiled is not None, {"polars", "sklearn", "skops", "onnx"} & sys.modules.keys())
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=boosted.root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True set()"


def test_it_is_not_taken_where_the_evidence_says_otherwise(fetched, tmp_path):
    told = msgspec.json.decode(fetched.files["evidence.json"])
    for one in told["evidence"]["compiled"]:
        one["deviation"] = 1.0
    spoilt = {**fetched.files, "evidence.json": msgspec.json.encode(told)}
    served = Served(replace(fetched, files=spoilt), tmp_path)
    assert served.compiled is None


def test_without_onnxruntime_the_exact_pipeline_answers(fetched, tmp_path, monkeypatch):
    monkeypatch.setattr("keepfit.kinds.onnx.rows.find_spec", lambda _: None)
    assert Served(fetched, tmp_path).compiled is None


def test_a_foreign_file_keeps_the_version_from_serving(fetched, tmp_path):
    spoilt = {**fetched.files, FILE: b"location"}
    with pytest.raises(Corrupt, match="refers to other files"):
        Served(replace(fetched, files=spoilt), tmp_path)
