from __future__ import annotations

import io
import json
import sys
import zipfile

import numpy as np
import pytest

from keepfit.errors import Corrupt, Refused
from keepfit.kinds import skops_file

pytest.importorskip("skops")

EVIL = """
import pathlib
pathlib.Path(__file__).with_name("ran").write_text("it ran")
class Model: pass
"""
TEXT = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": '"id"'}
TUPLE = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode"}


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """A file that appears as soon as the module `evil` is imported."""
    (tmp_path / "evil.py").write_text(EVIL)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "ran"
    sys.modules.pop("evil", None)


@pytest.fixture(scope="module")
def genuine():
    from sklearn.linear_model import Ridge

    return skops_file.dump(Ridge().fit(np.eye(4), np.arange(4.0)))


def with_attribute(data: bytes, node: dict) -> bytes:
    """The file with one more attribute of the model, which `node` makes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files["schema.json"])
    attributes = schema["content"]
    attributes["content"]["extra"] = node
    attributes["key_types"]["content"].append(attributes["key_types"]["content"][0])
    files["schema.json"] = json.dumps(schema).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def node(loader: str, name: str, **more: object) -> dict:
    module, _, class_name = name.rpartition(".")
    return {"__class__": class_name, "__module__": module, "__loader__": loader, **more}


@pytest.mark.parametrize(
    "stranger",
    [
        node("ObjectNode", "evil.Model"),
        node("TypeNode", "evil.Model"),
        node("FunctionNode", "evil.Model"),
        node("FunctionNode", "os.system"),
        node("FunctionNode", "numpy.sin"),
        node("TypeNode", "os.system"),
        node("NdArrayNode", "os.system", type="numpy", file="1.npy"),
        node("ListNode", "os.system", content=[TEXT]),
        node("DictNode", "evil.Model", content={}, key_types={**TUPLE, "content": []}),
        node("ConstructorFromReduceNode", "os.system", content={**TUPLE, "content": [TEXT]}),
        node("ConstructorFromReduceNode", "sklearn.linear_model._ridge.Ridge", content=TUPLE),
        node("OperatorFuncNode", "operator.methodcaller", attrs={**TUPLE, "content": [TEXT]}),
        node("LossNode", "evil.Model", content=TUPLE, __reduce__={"args": TUPLE}),
        node("ObjectNode", "sklearn.datasets._base.Path"),
        node("ObjectNode", "sklearn.utils._testing.assert_run_python_script_without_output"),
        node("ObjectNode", "sklearn.tests.test_base.MyEstimator"),
        node("ObjectNode", "sklearn.no_such_module.Ridge"),
        node("NoSuchNode", "builtins.dict"),
    ],
    ids=lambda stranger: f"{stranger['__loader__']}-{stranger['__class__']}",
)
def test_a_type_that_is_not_listed_is_refused_before_anything_is_built(genuine, marker, stranger):
    with pytest.raises(Refused, match=stranger["__class__"]):
        skops_file.load(with_attribute(genuine, stranger))
    assert not marker.exists()


def test_the_hostile_file_would_run_if_its_types_were_listed(genuine, marker):
    import skops.io

    skops.io.loads(
        with_attribute(genuine, node("ObjectNode", "evil.Model")), trusted=["evil.Model"]
    )
    assert marker.exists()


def test_a_stranger_deep_inside_is_found(genuine):
    inner = node("ListNode", "builtins.list", content=[node("FunctionNode", "os.system")])
    with pytest.raises(Refused, match=r"os\.system"):
        skops_file.load(with_attribute(genuine, inner))


def test_a_listed_type_is_no_stranger(genuine):
    model = skops_file.load(with_attribute(genuine, TEXT))
    assert model.extra == "id"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:100],
        lambda data: data.replace(b"NUMPY", b"numpy"),
        lambda data: with_attribute(data, {"__loader__": "ListNode"}),
        lambda data: with_attribute(data, node("ListNode", "builtins.list")),
        lambda data: with_attribute(
            data, node("NdArrayNode", "numpy.ndarray", type="numpy", file="9.npy")
        ),
    ],
)
def test_damage_is_told_as_damage(genuine, damage):
    with pytest.raises(Corrupt, match="skops file"):
        skops_file.load(damage(genuine))


def test_the_archive_tells_neither_time_nor_addresses(genuine):
    with zipfile.ZipFile(io.BytesIO(genuine)) as archive:
        entries = archive.infolist()
        schema = archive.read("schema.json").decode()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.create_system for entry in entries} == {3}
    ids = [int(part.split("}")[0].split(",")[0]) for part in schema.split('"__id__":')[1:]]
    assert max(ids) <= len(ids)


def test_stop_words_lose_their_address_and_sets_their_order():
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]

    def bytes_of(stop_words: list[str]) -> bytes:
        model = TfidfVectorizer(stop_words=stop_words).fit(["one two alpha", "two three beta"])
        model.stop_words_ = set(stop_words)
        assert hasattr(model, "_stop_words_id")
        return skops_file.dump(model)

    first, again = bytes_of(list(words)), bytes_of(list(words))
    assert first == again
    loaded = skops_file.load(first)
    assert loaded.stop_words_ == set(words)
    assert not hasattr(loaded, "_stop_words_id")
    assert loaded.transform(["one three"]).nnz == 2


def test_what_lies_between_the_fields_of_a_tree_is_zero():
    from sklearn.tree import DecisionTreeRegressor

    random = np.random.default_rng(1)
    matrix = random.normal(size=(300, 4))
    data = skops_file.dump(DecisionTreeRegressor(random_state=1).fit(matrix, matrix[:, 0]))
    assert skops_file.dump(skops_file.load(data)) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        arrays = [archive.read(name) for name in archive.namelist() if name.endswith(".npy")]
    raw = next(array for array in arrays if b"threshold" in array)
    nodes = np.load(io.BytesIO(raw))
    used = sum(nodes.dtype[name].itemsize for name in nodes.dtype.names)
    table = np.frombuffer(raw[-nodes.nbytes :], np.uint8).reshape(len(nodes), -1)
    assert table[:, :used].any()
    assert not table[:, used:].any()
