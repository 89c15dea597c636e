"""Sentences as vectors, by a model that a folder of the project holds.

Each text is run by itself and without padding. A quantized network takes its scale from all that it
is given at once: in a padded batch, MiniLM's numbers are 0.003 off. Others may add up in another
order where the shape is another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from keepfit.errors import Corrupt, NotInstalled, UserError
from keepfit.kinds.onnx_session import session_of
from keepfit.kinds.texts.folder import (
    EMBEDDINGS,
    TOKENIZER,
    Files,
    Settings,
    Wrong,
    graph_of,
    read,
    settings_of,
)
from keepfit.kinds.texts.grams import Texts
from keepfit.kinds.texts.sums import Singles

_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_READS = ("input_ids", "attention_mask", "token_type_ids")
_SAYS = ("last_hidden_state", "token_embeddings")
_ELSEWHERE = b"location"  # the key that names a file with weights
_IS_KEY = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)\Z")  # however it is spelled

_KEPT, _SHORT = 1 << 24, 512  # numbers of vectors that are kept (64 MB); characters of their texts


class Encoder:
    """A sentence model that is ready to run."""

    def __init__(self, files: Files) -> None:
        """`files`: by their names in its folder; Wrong for what is none of a sentence model."""
        self.files = dict(files)
        self.settings: Settings = settings_of(files)
        self._tokenizer = _tokenizer(files[TOKENIZER], self.settings.most_tokens)
        self._name, graph = graph_of(files)
        session = _session(self._name, graph)
        self._run = session.run
        self._inputs = {end.name: _TYPES.get(end.type) for end in session.get_inputs()}
        self._check_inputs()
        self._output = _output(self._name, session.get_outputs())
        self.width = self._vector([0], [0]).size
        # Champion and challenger are asked about the same texts, and a search about the same ones
        # time and again.
        self._kept: dict[str, Singles] = {}

    def vectors(self, texts: Texts, threads: int = 1) -> Singles:
        """(texts, width): of each text a vector of length 1; zeros for one without tokens."""
        plain = [(text or "").strip() for text in texts]
        fresh = [text for text in dict.fromkeys(plain) if text not in self._kept]
        made = dict(zip(fresh, self._each(fresh, threads), strict=True))
        vectors = np.zeros((len(plain), self.width), np.float32)
        for place, text in enumerate(plain):
            vectors[place] = made[text] if text in made else self._kept[text]
        room = max(_KEPT // self.width - len(self._kept), 0)
        short = (each for each in made.items() if len(each[0]) <= _SHORT)
        self._kept.update(islice(short, room))
        return vectors

    def _each(self, texts: Iterable[str], threads: int) -> Iterator[Singles]:
        if threads == 1:
            yield from map(self._of, texts)
            return
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(self._of, texts)

    def _of(self, text: str) -> Singles:
        told = self._tokenizer.encode(text) if text else None
        if told is None or not told.ids:
            return np.zeros(self.width, np.float32)
        return self._vector(told.ids, told.type_ids)

    def _vector(self, ids: list[int], types: list[int]) -> Singles:
        told = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": types}
        given = {name: np.array([told[name]], dtype) for name, dtype in self._inputs.items()}
        try:
            tokens = self._run([self._output], given)[0]
        except Exception as error:  # onnxruntime has a class for each, and none for all
            raise Wrong(f"{self._name} cannot be run: {_in_short(error)}") from error
        if np.shape(tokens)[:2] != (1, len(ids)) or np.ndim(tokens) != 3:
            raise Wrong(f"{self._name} says {np.shape(tokens)}; expected a vector for each token")
        if self.settings.pooling == "cls":
            return _of_length_1(tokens[0, 0].astype(np.float64))
        return _of_length_1(tokens[0].mean(axis=0, dtype=np.float64))

    def _check_inputs(self) -> None:
        for name, dtype in self._inputs.items():
            if name not in _READS or dtype is None:
                raise Wrong(f"{self._name} reads {name}; expected {', '.join(_READS)} as integers")
        if "input_ids" not in self._inputs:
            raise Wrong(f"{self._name} does not read input_ids")


def encoder_at(home: Path | None, folder: str) -> Encoder:
    """The sentence model in a folder of the project; UserError for what is wrong with it."""
    if home is None:
        raise UserError("params.embeddings: nobody says in which folder the project lies")
    files = read(home, folder)
    try:
        return _encoder((*sorted(files.items()),))
    except Wrong as wrong:
        raise UserError(f"{folder}/{wrong}") from wrong


def encoder_in(files: Files) -> Encoder:
    """The sentence model among the files of a version; Corrupt if there is none."""
    mine = {
        name.removeprefix(EMBEDDINGS): data
        for name, data in files.items()
        if name.startswith(EMBEDDINGS)
    }
    try:
        return _encoder((*sorted(mine.items()),))
    except (Wrong, KeyError) as wrong:
        raise Corrupt(f"{EMBEDDINGS}: this is no sentence model: {wrong}") from wrong


@lru_cache(maxsize=1)  # what is fitted is loaded next, and so is the champion of a challenger
def _encoder(files: tuple[tuple[str, bytes], ...]) -> Encoder:
    return Encoder(dict(files))


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise NotInstalled("params.embeddings", "embeddings") from error


def _tokenizer(stored: bytes, most_tokens: int) -> Any:
    with _extra():
        from tokenizers import Tokenizer
    try:
        made = Tokenizer.from_str(stored.decode())
        made.no_padding()
        made.enable_truncation(most_tokens)
    except Exception as error:  # it raises no other class
        raise Wrong(f"{TOKENIZER} is none of a fast tokenizer: {_in_short(error)}") from error
    return made


def _session(name: str, graph: bytes) -> Any:
    if _has_weights_elsewhere(graph):
        raise Wrong(
            f"{name} has weights in other files; expected one file, such as a quantized one"
        )
    try:
        with _extra():
            return session_of(graph)
    except ValueError as error:
        raise Wrong(f"{name} cannot be loaded: {error}") from error


def _has_weights_elsewhere(graph: bytes) -> bool:
    place = graph.find(_ELSEWHERE)
    while place >= 0:
        if _IS_KEY.search(graph, max(0, place - 24), place):
            return True
        place = graph.find(_ELSEWHERE, place + 1)
    return False


def _output(name: str, outputs: list[Any]) -> str:
    names = [end.name for end in outputs]
    of_tokens = [*(n for n in _SAYS if n in names), *(e.name for e in outputs if len(e.shape) == 3)]
    if not of_tokens:
        said = ", ".join(names)
        raise Wrong(f"{name} says {said}; expected last_hidden_state, a vector for each token")
    return str(of_tokens[0])


def _of_length_1(vector: np.ndarray) -> Singles:
    length = np.sqrt(np.sum(vector * vector))
    if not np.isfinite(length) or length == 0:
        return np.zeros(vector.size, np.float32)
    made: Singles = (vector / length).astype(np.float32)
    return made


def _in_short(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]
