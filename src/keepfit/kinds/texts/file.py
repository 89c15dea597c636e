"""The files of a model of texts: what it is as JSON, its numbers as arrays without objects."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from keepfit.digest import canonical
from keepfit.errors import Corrupt
from keepfit.kinds.header import MODEL, read_header
from keepfit.kinds.texts.bags import Vocabulary
from keepfit.kinds.texts.embeddings import Encoder, encoder_in
from keepfit.kinds.texts.exact import Exact
from keepfit.kinds.texts.folder import EMBEDDINGS
from keepfit.kinds.texts.grams import Grams
from keepfit.kinds.texts.network import Network
from keepfit.records.base import Label, Record

_ARRAYS = {  # name: type, dimensions
    "known.npy": (np.uint32, 1),
    "rarities.npy": (np.float32, 1),
    "grams.npy": (np.float16, 2),  # most of the model: halves say the same
    "labels.npy": (np.float32, 2),
}
_EXACT, _SENTENCES = "exact.npy", "sentences.npy"


class Header(Record, frozen=True, kw_only=True):
    """What is kept of the model beside its numbers."""

    format: Literal[1]
    kind: str
    columns: tuple[str, ...]  # of text, read one behind the other
    grams: Grams
    classes: tuple[Label, ...]  # sorted
    shares: tuple[float, ...]  # of each class among the training rows
    temperature: float  # what scores are divided by
    exact: bool = False  # whether there is a table of texts and their labels
    embeddings: str | None = None  # which folder of the project held the sentence model


class Parts(NamedTuple):
    """A model of texts, taken apart."""

    header: Header
    vocabulary: Vocabulary
    network: Network
    exact: Exact | None
    encoder: Encoder | None = None


def written(parts: Parts) -> dict[str, bytes]:
    """Its files."""
    header, vocabulary, network, exact, encoder = parts
    arrays: tuple[np.ndarray, ...] = (
        vocabulary.known,
        vocabulary.rarities,
        network.grams,
        network.labels,
    )
    files = {
        name: _bytes(array.astype(dtype))
        for (name, (dtype, _)), array in zip(_ARRAYS.items(), arrays, strict=True)
    }
    if exact:
        files[_EXACT] = _bytes(exact.table)
    if encoder:
        files[_SENTENCES] = _bytes(network.sentences)
        files |= {EMBEDDINGS + name: data for name, data in encoder.files.items()}
    return {MODEL: canonical(header), **files}


def read(kind: str, files: Mapping[str, bytes]) -> Parts:
    """What the files say; Corrupt if one is missing, or they do not agree with each other."""
    header = read_header(kind, files, Header)
    known, rarities, grams, labels = (_array(name, files, *_ARRAYS[name]) for name in _ARRAYS)
    agree = (
        len(known) == len(rarities) == len(grams)
        and labels.shape == (grams.shape[1], len(header.classes))
        and len(header.shares) == len(header.classes) > 1
        and header.temperature > 0
        and not _falls(known)
    )
    if not agree:
        raise Corrupt(f"{MODEL}: this is no model of kind `{kind}`: its files do not agree")
    exact = _exact(files, len(header.classes)) if header.exact else None
    encoder = encoder_in(files) if header.embeddings else None
    sentences = _sentences(files, encoder, len(labels))
    network = Network(grams.astype(np.float32), labels, sentences)
    return Parts(header, Vocabulary(header.grams, known, rarities), network, exact, encoder)


def _sentences(files: Mapping[str, bytes], encoder: Encoder | None, hidden: int) -> np.ndarray:
    if encoder is None:
        return np.zeros((0, hidden), np.float32)
    found = _array(_SENTENCES, files, np.float32, 2)
    if found.shape != (encoder.width, hidden):
        raise Corrupt(f"{_SENTENCES}: it does not read the vectors of this model's sentences")
    return found


def _exact(files: Mapping[str, bytes], labels: int) -> Exact:
    table = _array(_EXACT, files, np.int64, 2)
    if table.shape[1] != 2 or not _are_places(table[:, 1], labels) or _falls(table[:, 0]):
        raise Corrupt(f"{_EXACT}: it is no table of this model's labels")
    return Exact(table)


def _are_places(places: np.ndarray, many: int) -> bool:
    return bool(np.all((places >= 0) & (places < many)))


def _falls(values: np.ndarray) -> bool:
    return bool(np.any(values[1:] <= values[:-1]))


def _bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(name: str, files: Mapping[str, bytes], dtype: type, dimensions: int) -> np.ndarray:
    try:
        array: np.ndarray = np.load(io.BytesIO(files[name]), allow_pickle=False)
    except (KeyError, ValueError, EOFError) as error:
        raise Corrupt(f"{name}: it is no array of this model: {error}") from error
    if array.dtype != dtype or array.ndim != dimensions:
        raise Corrupt(f"{name}: it is no array of this model: {array.dtype}, {array.ndim}-d")
    return array
