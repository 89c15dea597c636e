"""scikit-learn models as canonical skops files, read by a list of types that is ours.

skops names entries by memory address and the zip file bears the time, so that no two of its files
agree. Here ids and files are numbered in order of appearance, and the archive has fixed metadata.
"""

from __future__ import annotations

import importlib
import io
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import numpy as np

from keepfit.errors import Corrupt, NotInstalled, Refused
from keepfit.kinds.archive import packed

ESTIMATOR = "estimator.skops"  # what such a file is called among those of a model
_SCHEMA = "schema.json"
_NPY = b"\x93NUMPY"

# What may be built, by the loader that builds it. Never a function, a method or a partial.
_LISTED = {
    "DictNode": r"builtins\.dict|collections\.OrderedDict|sklearn\.utils\._bunch\.Bunch",
    "ListNode": r"builtins\.list",
    "TupleNode": r"builtins\.tuple",
    "SetNode": r"builtins\.set",
    "SliceNode": r"builtins\.slice",
    "BytesNode": r"builtins\.bytes",
    "TypeNode": r"builtins\.(str|int|float|bool)|numpy\.(str_|bool|(float|u?int)\d+)",
    "NdArrayNode": r"numpy\.(ndarray|str_|bool|(float|u?int)\d+)",
    "MaskedArrayNode": r"numpy\.ma(\.core)?\.MaskedArray",
    "DTypeNode": r"numpy\.dtype",
    "SparseMatrixNode": r"scipy\.sparse\._cs[cr]\.cs[cr]_(matrix|array)",
    "RandomStateNode": r"numpy\.random\.mtrand\.RandomState",
    "RandomGeneratorNode": r"numpy\.random\._generator\.Generator",
    "LossNode": r"sklearn\._loss\._loss\.Cy\w+Loss\w*|sklearn\._loss\._loss\.Cy\w+Error"
    r"|sklearn\.linear_model\._sgd_fast\.[A-Z]\w+",
    "TreeNode": r"sklearn\.tree\._tree\.Tree",
    "ObjectNode": r"sklearn\._loss\.link\.(Interval|\w+Link|MultinomialLogit)"
    r"|sklearn\._loss\.loss\.\w+(Loss|Error|LossIdentity)"
    r"|sklearn\.calibration\._CalibratedClassifier"
    r"|sklearn\.ensemble\._hist_gradient_boosting\.predictor\.TreePredictor"
    r"|sklearn\.gaussian_process\.kernels\.(ConstantKernel|Product|Sum|RBF|WhiteKernel)"
    r"|sklearn\.metrics\._dist_metrics\.\w+Distance(32|64)?"
    r"|sklearn\.neighbors\._(kd|ball)_tree\.(KD|Ball)Tree(32|64)?"
    r"|sklearn\.neural_network\._stochastic_optimizers\.(Adam|SGD)Optimizer",
}


class Stored(NamedTuple):
    """One type that a file asks for."""

    loader: str  # how skops would build it
    name: str  # module and class


def dump(model: object) -> bytes:
    """The model's canonical bytes; Refused where `load` would refuse them."""
    data = canonical(_skops().dumps(model))
    _check(types_in(_schema(data)))
    return data


def load(data: bytes) -> Any:
    """The model that `data` holds; Refused, before anything is built, if a type is not listed."""
    try:
        types = set(types_in(_schema(data)))
    except (BadZipFile, KeyError, RecursionError, TypeError, ValueError) as error:
        raise Corrupt(f"this is no skops file: {error}") from error
    _check(types)
    try:
        return _skops().loads(data, trusted=sorted({kind.name for kind in types}))
    except (AttributeError, BadZipFile, ImportError, KeyError, TypeError, ValueError) as error:
        raise Corrupt(
            f"this skops file cannot be read: {error}",
            hint="was it written with another version of scikit-learn? Its recipe names it",
        ) from error


def types_in(schema: object) -> Iterator[Stored]:
    """Every type that a file asks for, found without building or importing any."""
    if isinstance(schema, dict):
        if "__loader__" in schema and schema["__loader__"] != "JsonNode":
            yield Stored(schema["__loader__"], f"{schema['__module__']}.{schema['__class__']}")
        schema = list(schema.values())
    if isinstance(schema, list):
        for child in schema:
            yield from types_in(child)


def canonical(data: bytes) -> bytes:
    """The same skops file without memory addresses, times, or the order of sets."""
    with ZipFile(io.BytesIO(data)) as archive:
        numbering = _Numbering()
        schema = numbering.tidy(json.loads(archive.read(_SCHEMA)))
        files = {new: _tidy_array(archive.read(old)) for old, new in numbering.files.items()}
    files[_SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    return packed(files)


class _Numbering:
    """New names for ids and files, in order of appearance."""

    def __init__(self) -> None:
        self.ids: dict[int, int] = {}
        self.files: dict[str, str] = {}

    def tidy(self, node: Any) -> Any:
        """The node with new names, and without what differs from build to build."""
        if isinstance(node, list):
            return [self.tidy(child) for child in node]
        if not isinstance(node, dict):
            return node
        kind = node.get("__loader__")
        if kind == "DictNode":
            _tidy_attributes(node)
        if kind == "SetNode":
            node["content"].sort(key=_without_ids)
        if kind == "JsonNode":  # whether two equal texts are one object is the interpreter's affair
            del node["__id__"]
        return {key: self._renamed(kind, key, value) for key, value in node.items()}

    def _renamed(self, kind: str | None, key: str, value: Any) -> Any:
        if kind is None or key not in {"__id__", "file"}:
            return self.tidy(value)
        if key == "__id__":
            return self.ids.setdefault(value, len(self.ids) + 1)
        suffix = value[value.rindex(".") :]
        return self.files.setdefault(value, f"{len(self.files) + 1}{suffix}")


def _tidy_attributes(node: dict[str, Any]) -> None:
    """One thread, whatever it was trained with; and no address of a list of stop words."""
    content, types = node["content"], node["key_types"]["content"]
    if content.get("n_jobs", {}).get("__loader__") == "JsonNode":
        content["n_jobs"]["content"] = "1"
    if "_stop_words_id" in content:
        del types[list(content).index("_stop_words_id")]
        del content["_stop_words_id"]


def _tidy_array(data: bytes) -> bytes:
    """The same file with zeros between the fields of a record, where memory leaves anything."""
    if not data.startswith(_NPY):
        return data
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if not array.dtype.names:
        return data
    tidy = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        tidy[name] = array[name]
    buffer = io.BytesIO()
    np.save(buffer, tidy, allow_pickle=False)
    return buffer.getvalue()


def _without_ids(node: Any) -> str:
    return re.sub(r'"(__id__|file)": ("[^"]*"|\d+)', "", json.dumps(node))


def _schema(data: bytes) -> Any:
    with ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read(_SCHEMA))


def _check(types: Iterator[Stored] | set[Stored]) -> None:
    if strangers := sorted({kind.name for kind in set(types) if not _is_trusted(kind)}):
        raise Refused(f"the model holds what keepfit does not load: {', '.join(strangers)}")


def _is_trusted(kind: Stored) -> bool:
    listed = _LISTED.get(kind.loader)
    if listed is None:
        return False
    return bool(re.fullmatch(listed, kind.name)) or (
        kind.loader == "ObjectNode" and _is_estimator(kind.name)
    )


def _is_estimator(name: str) -> bool:
    """Whether a class that scikit-learn itself defines is an estimator."""
    module, _, class_name = name.rpartition(".")
    if not re.fullmatch(r"sklearn(\.[a-z_]+)+", module) or "tests" in module.split("."):
        return False
    try:
        found = getattr(importlib.import_module(module), class_name, None)
    except ImportError:
        return False
    base = importlib.import_module("sklearn.base").BaseEstimator
    return isinstance(found, type) and found.__module__ == module and issubclass(found, base)


def _skops() -> Any:
    try:
        return importlib.import_module("skops.io")
    except ImportError as error:
        raise NotInstalled("kind `sklearn`", "sklearn") from error
