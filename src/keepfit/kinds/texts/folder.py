"""The folder of a sentence model, laid out as its repositories on Hugging Face are.

What is read of it travels with each version, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from keepfit.errors import UserError

EMBEDDINGS = "embeddings/"  # before the names of its files among those of a model

TOKENIZER, CONFIG = "tokenizer.json", "config.json"
GRAPHS = ("model.onnx", "onnx/model.onnx")  # the first that is there
_MODULES, _POOLING = "modules.json", "1_Pooling"
_SENTENCES, _TOKENS = "sentence_bert_config.json", "tokenizer_config.json"
_READ = (TOKENIZER, CONFIG, _MODULES, f"{_POOLING}/config.json", _SENTENCES, _TOKENS)

_KNOWN = {"Transformer": "", "Pooling": _POOLING, "Normalize": None}  # where each must lie
_POOLINGS: dict[str, Literal["mean", "cls"]] = {
    "mean_tokens": "mean",
    "mean": "mean",
    "cls_token": "cls",
    "cls": "cls",
}
_BEHIND_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet")  # where positions begin
_MOST_TOKENS = 512  # of a model that does not say it

Files = Mapping[str, bytes]


class Wrong(UserError):
    """A file of a sentence model is not what is needed; the message begins with its name."""


class Settings(NamedTuple):
    """How the vectors of tokens become one of a sentence."""

    pooling: Literal["mean", "cls"]
    most_tokens: int  # of a longer text, the first ones


def paths_in(folder: Path) -> dict[str, Path]:
    """The files that are read of a folder, by their names in it; those that are not there are left
    out."""
    graphs = [name for name in GRAPHS if (folder / name).is_file()][:1]
    return {name: folder / name for name in (*_READ, *graphs) if (folder / name).is_file()}


def read(home: Path, name: str) -> dict[str, bytes]:
    """The files of the folder `name` of the project; UserError for what it lacks."""
    folder = home / name
    if not folder.is_dir():
        raise _lacking(f"there is no folder {name}")
    paths = paths_in(folder)
    lacks = [each for each in (TOKENIZER, CONFIG) if each not in paths]
    if not paths.keys() & {*GRAPHS}:
        lacks.append(" or ".join(GRAPHS))
    if lacks:
        raise _lacking(f"{name} has no {', no '.join(lacks)}")
    return {file: path.read_bytes() for file, path in paths.items()}


def _lacking(told: str) -> UserError:
    return UserError(
        told,
        hint="put a sentence model in ONNX format there, as its repository has it: nothing is "
        "ever downloaded",
    )


def graph_of(files: Files) -> tuple[str, bytes]:
    """The name and the bytes of the network; Wrong where there is none."""
    for name in GRAPHS:
        if name in files:
            return name, files[name]
    raise Wrong(f"{GRAPHS[0]} is not there")


def settings_of(files: Files) -> Settings:
    """What the files say of pooling and length; Wrong for what is not computed here."""
    _check_modules(files)
    return Settings(_pooling(files), _most_tokens(files))


def _check_modules(files: Files) -> None:
    for module in _json(files, _MODULES, []):
        if not isinstance(module, dict):
            raise Wrong(f"{_MODULES} is no list of modules")
        name, path = str(module.get("type")).rpartition(".")[2], module.get("path")
        if name not in _KNOWN:
            raise Wrong(f"{_MODULES} has a {name}; expected Transformer, Pooling, Normalize alone")
        if _KNOWN[name] not in (None, path):
            raise Wrong(f"{_MODULES} has its {name} in {path!r}; expected {_KNOWN[name]!r}")


def _pooling(files: Files) -> Literal["mean", "cls"]:
    name = f"{_POOLING}/config.json"
    told = _json(files, name, {})
    modes = [key for key, on in told.items() if key.startswith("pooling_mode_") and on is True]
    asked = [mode.removeprefix("pooling_mode_") for mode in modes]
    if isinstance(told.get("pooling_mode"), str):
        asked = [told["pooling_mode"]]
    if not asked:
        return "mean"
    if len(asked) > 1 or asked[0] not in _POOLINGS:
        raise Wrong(f"{name} asks for {' and '.join(asked)}; expected mean_tokens or cls_token")
    return _POOLINGS[asked[0]]


def _most_tokens(files: Files) -> int:
    """What the sentence model was made for, as far as its network has positions."""
    config = _json(files, CONFIG, {})
    limits = [
        _json(files, _SENTENCES, {}).get("max_seq_length")
        or _json(files, _TOKENS, {}).get("model_max_length")
    ]
    if positions := _whole(config.get("max_position_embeddings")):
        behind = config.get("model_type") in _BEHIND_PADDING
        limits.append(positions - (config.get("pad_token_id", 1) + 1 if behind else 0))
    return min((limit for limit in map(_whole, limits) if limit), default=_MOST_TOKENS)


def _whole(value: Any) -> int | None:
    """A whole number above 0; a tokenizer without bound says 1e30."""
    return int(value) if isinstance(value, int | float) and 0 < value < 2**31 else None


def _json(files: Files, name: str, absent: Any) -> Any:
    if name not in files:
        return absent
    try:
        told = json.loads(files[name])
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{name} is no JSON: {error}") from error
    if type(told) is not type(absent):
        raise Wrong(f"{name} is no {'list' if absent == [] else 'table'}")
    return told
