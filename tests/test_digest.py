import hashlib
import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from keepfit.digest import canonical, digest_of, sha256, sha256_file
from keepfit.records.rows import Column

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.binary(max_size=1000))
def test_a_digest_is_the_sha256_in_hex(data):
    assert sha256(data) == hashlib.sha256(data).hexdigest()


def test_a_file_has_the_digest_of_its_bytes(tmp_path):
    data = bytes(range(256)) * 5000
    (tmp_path / "rows").write_bytes(data)
    assert sha256_file(tmp_path / "rows") == sha256(data)


@given(PLAIN)
def test_canonical_json_means_the_same_as_json(value):
    assert json.loads(canonical(value)) == value
    assert digest_of(value) == sha256(canonical(value))


@given(st.dictionaries(st.text(), st.integers(), max_size=8))
def test_the_order_of_keys_does_not_matter(table):
    backwards = dict(reversed(table.items()))
    assert canonical(backwards) == canonical(table)


def test_there_are_no_spaces_and_text_is_utf_8():
    assert canonical({"b": [1, 0.1], "a": "ü"}) == '{"a":"ü","b":[1,0.1]}'.encode()


def test_a_record_is_spelled_the_same_in_every_process():
    record = Column(name="x", dtype="Float64")
    code = (
        "from keepfit.digest import digest_of; from keepfit.records.rows import Column; "
        "print(digest_of([Column(name='x', dtype='Float64'), dict(b=1, a={'z': 1, 'y': 2})]))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert said == {digest_of([record, {"a": {"y": 2, "z": 1}, "b": 1}])}
