from __future__ import annotations

import pytest

from keepfit.digest import sha256
from keepfit.errors import Corrupt
from keepfit.train.artifact import digests, load, verify


def test_digests_are_sorted_by_name():
    assert list(digests({"b": b"2", "a": b"1"}).items()) == [
        ("a", sha256(b"1")),
        ("b", sha256(b"2")),
    ]


def test_files_as_they_were_published_pass():
    verify({"model.json": b"{}"}, {"model.json": sha256(b"{}")})


@pytest.mark.parametrize(
    ("files", "found", "wanted"),
    [
        ({"model.json": b"{ }"}, sha256(b"{ }"), sha256(b"{}")),
        ({}, "no such file", sha256(b"{}")),
        ({"model.json": b"{}", "more": b""}, sha256(b""), "no such file"),
    ],
    ids=["edited", "missing", "more"],
)
def test_other_files_are_corrupt_and_both_digests_are_named(files, found, wanted):
    with pytest.raises(Corrupt) as caught:
        verify(files, {"model.json": sha256(b"{}")})
    assert found in str(caught.value)
    assert wanted in str(caught.value)


def test_digests_are_checked_before_a_byte_is_parsed():
    nonsense = b"this would not parse"
    with pytest.raises(Corrupt, match=r"model\.json: expected sha256"):
        load("ridge", {"model.json": nonsense}, {"model.json": sha256(b"{}")})
    with pytest.raises(Corrupt, match="no linear model"):
        load("ridge", {"model.json": nonsense}, {"model.json": sha256(nonsense)})
