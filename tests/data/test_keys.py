# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.data.splitting import keys
from keepfit.data.splitting.keys import (
    among,
    fingerprint_bytes,
    mix,
    read_fingerprint,
    row_keys,
    seeded,
)
from keepfit.errors import Corrupt

MASK = (1 << 64) - 1


def plain_mix(value: int) -> int:
    """splitmix64 as its authors write it, in plain Python."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def plain_text(text: str) -> int:
    data = text.encode()
    total = sum((byte + 1) * pow(0xD6E8FEB86659FD93, i, 1 << 64) for i, byte in enumerate(data))
    return plain_mix((total + plain_mix(len(data))) & MASK)


def keys_of(*values, dtype=None):
    return row_keys(pl.DataFrame({"k": pl.Series(values, dtype=dtype)}), ("k",)).tolist()


@given(st.integers(0, MASK))
def test_mixing_is_splitmix64(value):
    assert mix(np.array([value], dtype=np.uint64)).tolist() == [plain_mix(value)]


@given(st.lists(st.text(), min_size=1, max_size=20))
def test_texts_are_hashed_as_the_plain_definition_says(texts):
    assert keys._texts(pl.Series(texts, dtype=pl.String)).tolist() == [plain_text(t) for t in texts]


def test_long_texts_are_hashed_in_pieces_with_the_same_result(monkeypatch):
    column = pl.Series(["some text", "", "more", "ä" * 50])
    whole = keys._texts(column)
    monkeypatch.setattr(keys, "_TEXT", 3)
    assert keys._texts(column).tolist() == whole.tolist()


def test_the_columns_of_a_key_are_combined_as_the_plain_definition_says():
    frame = pl.DataFrame({"name": ["Ann"], "at": [date(1970, 1, 2)]})
    first = plain_mix(plain_text("Ann"))
    at = plain_mix(86_400_000_000)
    expected = plain_mix((first * 0x9E3779B97F4A7C15 + at) & MASK)
    assert row_keys(frame, ("name", "at")).tolist() == [expected]


def test_the_hashes_are_those_of_every_other_day():
    # Written into every version's fingerprint: they may never change.
    assert keys_of(1, None) == [6791897765849424158, 756517608410894910]


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1))
def test_numbers_hash_alike_in_every_width(values):
    assert keys_of(*values, dtype=pl.Int32) == keys_of(*values, dtype=pl.Int64)
    assert keys_of(*values, dtype=pl.Int64) == keys_of(*values, dtype=pl.Float64)


def test_what_is_equal_hashes_alike_and_what_differs_does_not():
    assert keys_of(0.0) == keys_of(-0.0)
    assert keys_of(float("nan")) == keys_of(-float("nan"))
    assert keys_of(date(2020, 1, 2)) == keys_of(datetime(2020, 1, 2))
    assert keys_of(datetime(2020, 1, 2, tzinfo=UTC)) == keys_of(datetime(2020, 1, 2))
    assert keys_of("a", dtype=pl.Categorical) == keys_of("a")
    distinct = keys_of(None, 0, 1, -1, 2**62, dtype=pl.Int64) + keys_of(0.5, 1e300, float("inf"))
    distinct += keys_of("", "a", "b", "ab", "ba", "a\0", "\0")
    assert len(set(distinct)) == len(distinct)


def test_lists_and_structs_have_keys_too():
    hashed = keys_of([1, 2], [1, 3], None) + keys_of({"a": 1}, {"a": 2})
    assert len(set(hashed)) == 5


@given(st.permutations(range(50)), st.integers(1, 60))
def test_a_key_hangs_on_its_row_alone(order, chunk):
    frame = pl.DataFrame({"a": range(50), "b": [f"user {i % 7}" for i in range(50)]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_CHUNK", chunk)
        assert (
            row_keys(frame[order], ("b", "a")).tolist()
            == row_keys(frame, ("b", "a"))[list(order)].tolist()
        )


def test_without_a_key_all_columns_count_in_any_order_of_them():
    frame = pl.DataFrame({"a": [1, 1], "b": ["x", "y"]})
    assert row_keys(frame).tolist() == row_keys(frame.select("b", "a")).tolist()
    assert len(set(row_keys(frame).tolist())) == 2
    assert row_keys(frame, ("a", "b")).tolist() != row_keys(frame, ("b", "a")).tolist()


def test_another_process_with_another_hash_seed_agrees():
    code = (
        "import polars as pl; from keepfit.data.splitting.keys import row_keys;"
        "print(row_keys(pl.DataFrame({'a': [1.5, 2], 'b': ['x', None]})).tolist())"
    )
    env = {"PYTHONHASHSEED": "77", "POLARS_MAX_THREADS": "1"}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
    )
    assert out.stdout.strip() == str(
        row_keys(pl.DataFrame({"a": [1.5, 2], "b": ["x", None]})).tolist()
    )


def test_seeded_keys_are_uniform_and_differ_by_seed_and_purpose():
    base = row_keys(pl.DataFrame({"a": range(20_000)}), ("a",))
    shares = [
        (seeded(base, s, p) < 2**63).mean() for s in (1, 2) for p in ("holdout", "validation")
    ]
    assert all(abs(share - 0.5) < 0.02 for share in shares)
    both = (seeded(base, 1, "holdout") < 2**63) & (seeded(base, 1, "validation") < 2**63)
    assert abs(both.mean() - 0.25) < 0.02


@given(st.lists(st.integers(0, MASK)))
def test_a_fingerprint_is_the_set_of_its_keys(values):
    data = fingerprint_bytes(np.array(values, dtype=np.uint64))
    assert read_fingerprint(data).tolist() == sorted(set(values))
    assert fingerprint_bytes(np.array(values[::-1] + values, dtype=np.uint64)) == data


def test_a_fingerprint_is_smaller_than_its_keys():
    base = row_keys(pl.DataFrame({"a": range(100_000)}), ("a",))
    assert len(fingerprint_bytes(base)) < 0.8 * base.nbytes


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-3], lambda d: b"", lambda d: b"KF" + d[4:], lambda d: d[:10]]
)
def test_a_damaged_fingerprint_is_corrupt(damage):
    data = fingerprint_bytes(np.arange(100, dtype=np.uint64))
    with pytest.raises(Corrupt, match="fingerprint"):
        read_fingerprint(damage(data))


@given(*[st.lists(st.integers(0, 12) | st.integers(2**64 - 3, 2**64 - 1), max_size=20)] * 2)
def test_which_keys_are_among_others_is_what_numpy_says(asked, known):
    mine, others = (np.array(numbers, dtype=np.uint64) for numbers in (asked, known))
    assert among(mine, others).tolist() == np.isin(mine, others).tolist()
