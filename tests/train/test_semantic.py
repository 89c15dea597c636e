from __future__ import annotations

import io
import json
from types import SimpleNamespace
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.train.semantic import changes, parameters

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=True)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


def archive(members, *, year=1980, how=ZIP_STORED):
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", how) as made:
        for name, data in members:
            made.writestr(ZipInfo(name, (year, 1, 1, 0, 0, 0)), data, compress_type=how)
    return buffer.getvalue()


def digest(**files):
    return parameters(SimpleNamespace(), files)


@given(PLAIN)
def test_json_says_the_same_however_it_is_spelled(value):
    one = json.dumps({"a": value}).encode()
    other = json.dumps({"a": value}, indent=3).encode()
    assert digest(model=one) == digest(model=other)
    assert [change.meaning for change in changes({"m": one}, {"m": other})] == [False]


@given(PLAIN, PLAIN)
def test_another_value_is_another_meaning_at_a_place(one, other):
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        return
    before, after = ({"m": json.dumps({"a": [v]}).encode()} for v in (one, other))
    (change,) = changes(before, after)
    assert change.meaning
    assert change.where.startswith("a[0]")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ({"w": [1.0, 2.0]}, {"w": [1.0, 2.5]}, "w[1]"),
        ({"w": [1.0]}, {"w": [1.0, 2.0]}, "w (1 → 2 values)"),
        ({"w": {"x": 0.0}}, {"w": {"x": -0.0}}, "w.x"),
        ({"w": 1}, {"w": 1.0}, "w"),
        ({"w": 1}, {"w": 1, "guid": "f"}, "guid"),
    ],
)
def test_where_json_differs_is_named(old, new, where):
    before, after = json.dumps(old).encode(), json.dumps(new).encode()
    assert changes({"m": before}, {"m": after}) == [("m", where, True)]


def test_archives_say_what_their_members_say():
    members = [("a.json", b'{"x": 1}'), ("b.npy", b"\x93NUMPY")]
    plain = archive(members)
    for other, where in (
        (archive(members, year=2024), "date_time of a.json in the archive"),
        (archive(members[::-1]), "the order of the archive's members, from b.npy on"),
        (archive(members, how=ZIP_DEFLATED), "compress_type of a.json in the archive"),
    ):
        assert digest(m=plain) == digest(m=other)
        assert changes({"m": plain}, {"m": other}) == [("m", where, False)]
    more = archive([("a.json", b'{"x": 2}'), members[1]])
    assert changes({"m": plain}, {"m": more}) == [("m", "a.json.x", True)]


def test_other_bytes_are_compared_as_they_are():
    assert changes({"m": b"\0abc"}, {"m": b"\0abd"}) == [("m", "bytes 3 on", True)]
    assert changes({"m": b"\0"}, {"n": b"\0"}) == [("m", "is gone", True), ("n", "is new", True)]
    assert changes({"m": b"PK\x03\x04 no"}, {"m": b"PK\x03\x04 ny"})[0].meaning


def test_what_a_kind_says_of_itself_goes_before_its_files():
    fitted = SimpleNamespace(parameters=lambda: {"w": 1})
    assert parameters(fitted, {"m": b"1"}) == parameters(fitted, {"m": b"2"})
