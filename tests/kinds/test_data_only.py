"""What can run code when it is loaded is told from data by its bytes."""

import gzip
import io
import json
import marshal
import pickle
import struct
import zipfile
import zlib
from datetime import date
from importlib.util import MAGIC_NUMBER

import numpy as np
import pytest

from keepfit.kinds.data_only import code_in


def npy(array, **how):
    buffer = io.BytesIO()
    np.save(buffer, array, **how)
    return buffer.getvalue()


def archive(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_any_protocol_is_seen(protocol):
    assert code_in(pickle.dumps(date(2024, 1, 1), protocol)) == "a pickle"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "zlib"])
def test_a_packed_pickle_is_seen(pack):
    assert code_in(pack(pickle.dumps(date(2024, 1, 1)))) == "a pickle"


def test_a_pickle_that_is_cut_off_or_goes_on_is_seen():
    whole = pickle.dumps([date(2024, 1, 1), date(2025, 1, 1)])
    assert code_in(whole[:-20]) == "a pickle"
    assert code_in(whole + b" and more") == "a pickle"
    assert code_in(b"\x80\x04cos\nsystem\n(S'ls'\ntR" + bytes(9)) == "a pickle"
    assert code_in(pickle.dumps(1)) == "a pickle"


def test_numbers_that_begin_as_a_pickle_does_are_data_but_for_rare_ones():
    random = np.random.default_rng(1)
    blobs = [bytes([0x80, n % 6]) + random.bytes(100) for n in range(6000)]
    assert sum(code_in(blob) is not None for blob in blobs) < 120
    assert code_in(np.array([1.0000000000000284]).tobytes()) is None


def test_a_pickle_in_an_archive_is_seen_and_named():
    data = archive(weights=b"1 2 3", model=pickle.dumps({"a": date(2024, 1, 1)}))
    assert code_in(data) == "a pickle (model)"


def test_an_array_of_objects_and_compiled_code_are_seen():
    objects = npy(np.array([{}, 1], dtype=object), allow_pickle=True)
    assert code_in(objects) == "a numpy array of Python objects, which is a pickle"
    record = npy(np.zeros(2, dtype=[("a", "f8"), ("b", "O")]), allow_pickle=True)
    assert code_in(record) is not None
    compiled = MAGIC_NUMBER + bytes(12) + marshal.dumps(compile("1", "x", "exec"))
    assert code_in(compiled) == "compiled Python"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"}.",
        b"I am a text that ends.",
        json.dumps({"weights": [1.0, 2.0]}).encode(),
        npy(np.arange(5.0)),
        npy(np.zeros(2, dtype=[("Of", "f8")])),
        archive(weights=npy(np.arange(5.0))),
        gzip.compress(b"1,2,3", mtime=0),
        b"x\x9c no zlib at all",
        struct.pack("<Q", 2) + b"{}" + bytes(8),  # safetensors
    ],
)
def test_data_is_data(data):
    assert code_in(data) is None
